"""Students beside their teacher on the features of frozen networks.

Networks that were trained on images see what a distance of pixels does not. Source: Johnson et al., "Perceptual Losses
for Real-Time Style Transfer and Super-Resolution" (2016), for features of a classifier; Chen et al., "Distilling
Portable Generative Adversarial Networks for Image Translation" (2020), for those of the teacher's discriminator.
"""

import dataclasses
from collections.abc import Mapping

import keras
import tensorflow as tf

from kgan.errors import InputError
from kgan.losses.distillation import check_norm, check_reduction, feature_distillation_loss
from kgan.methods.checks import check_not_negative, check_positive


@dataclasses.dataclass(frozen=True)
class Features:
    """The pixel loss and a loss on features: pixel_weight * (eq. 3) + sum over the layers of weight * feature loss.

    Args:
        network: name of the network that looks at the images, one of a `Distiller`'s `feature_networks`.
        layers: dict, name of one of its layers -> weight.
        norm: "l1" or "l2", of `feature_distillation_loss`.
        reduction: over the values of an image and of a layer alike; weights belong to it.
        pixel_weight: of the pixel loss; 0 leaves the features alone.
    """

    network: str
    layers: Mapping[str, float]
    norm: str = "l2"
    reduction: str = "sum"
    pixel_weight: float = 1.0

    def __post_init__(self):
        if not self.layers:
            raise InputError("features are compared at one layer or more; received none")
        check_positive(**{f"the weight of layer {name}": weight for name, weight in self.layers.items()})
        check_not_negative(pixel_weight=self.pixel_weight)
        check_norm(self.norm)
        check_reduction(self.reduction)


def weighted_layers(names, weights):
    """Dict, layer's name -> weight, from a weight for each name or one for all; InputError where they do not pair."""
    names, weights = tuple(names), tuple(weights)
    if len(weights) == 1:
        weights *= len(names)
    if len(set(names)) < len(names) or len(weights) != len(names):
        raise InputError(f"features take different layers and a weight for each, or one for all; received the layers "
                         f"{', '.join(names) or 'none'} and the weights {', '.join(map(str, weights)) or 'none'}")
    return dict(zip(names, weights, strict=True))


class FeatureNetworks:
    """The networks that look at the images of teacher and students, each cut to the layers that some student names.

    They are frozen here and run in inference mode.

    Args:
        objectives: dict, student's name -> its `Features`.
        networks: dict, name -> functional model of images [B, H, W, C] in [-1, 1].
        image_shape: (None, H, W, C) of teacher and students.
    """

    def __init__(self, objectives, networks, image_shape):
        self.objectives = dict(objectives)
        self.students = {}  # network -> those whom it looks at
        for student, objective in self.objectives.items():
            if objective.network not in networks:
                raise InputError(f"student {student!r} is compared on the features of {objective.network!r}, but "
                                 f"feature_networks has {', '.join(sorted(networks)) or 'none'}")
            self.students.setdefault(objective.network, []).append(student)
        self.views = {}
        for name, students in self.students.items():
            layers = dict.fromkeys(layer for student in students for layer in self.objectives[student].layers)
            self.views[name] = _view(name, networks[name], list(layers), image_shape)

    def of_teacher(self, images):
        """{network: {layer: features}} of the teacher's images [B, H, W, C], as `losses` takes it."""
        return {name: view(images, training=False) for name, view in self.views.items()}

    def losses(self, wanted, images):
        """The students' feature losses by name, scalars; one pass through a network serves all of its students.

        Args:
            wanted: of `of_teacher`.
            images: dict, student's name -> images [B, H, W, C], from the teacher's latents.
        """
        found = {}
        for name, students in self.students.items():
            # In inference mode a network looks at each image alone.
            seen = self.views[name](tf.concat([images[student] for student in students], axis=0), training=False)
            parts = {layer: tf.split(values, len(students)) for layer, values in seen.items()}
            for place, student in enumerate(students):
                objective = self.objectives[student]
                terms = [weight * feature_distillation_loss(wanted[name][layer], parts[layer][place], objective.norm,
                                                            objective.reduction)
                         for layer, weight in objective.layers.items()]
                found[student] = tf.add_n(terms)
        return found


def check_layers(name, network, layers):
    """InputError naming the layers of a feature network where it lacks one of `layers`."""
    known = [layer.name for layer in network.layers]
    unknown = [layer for layer in layers if layer not in known]
    if unknown:
        raise InputError(f"the feature network {name!r} has no layer {unknown[0]!r}; it has {', '.join(known)}")


def _view(name, network, layers, image_shape):
    """The network's model that gives {layer: features}; it shares all weights."""
    inputs = getattr(network, "inputs", None) or []
    fits = len(inputs) == 1 and len(inputs[0].shape) == len(image_shape) and all(
        size in (None, made) for size, made in zip(inputs[0].shape[1:], image_shape[1:], strict=True))
    if not fits:
        taken = ", ".join(str(tuple(given.shape)) for given in inputs) or "nothing that is known"
        raise InputError(f"the feature network {name!r} must be a functional model of the teacher's images "
                         f"{tuple(image_shape[1:])}; it takes {taken}")
    check_layers(name, network, layers)
    network.trainable = False
    try:
        return keras.Model(inputs[0], {layer: network.get_layer(layer).output for layer in layers},
                           name=f"{network.name}_seen")
    except ValueError:  # the output of a model within the model belongs to a graph of its own
        raise InputError(f"cannot take {' and '.join(layers)} from the feature network {name!r}: a layer "
                         "that is itself a model cannot be named; name the layer after it") from None
