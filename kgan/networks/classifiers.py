"""The classifiers and regressors of cGAN-KD by name, and the names of their inner features.

Source: Ding et al., "Distilling and transferring knowledge via cGAN-generated samples for image classification and
regression tasks" (2023): its networks for CIFAR-100, ImageNet-100, Steering Angle and UTKFace.
"""

import inspect

from kgan.errors import InputError
from kgan.networks.densenet import densenet, densenet_regressor
from kgan.networks.layers import feature_names
from kgan.networks.mobilenet_v2 import mobilenet_v2, mobilenet_v2_regressor
from kgan.networks.resnet import resnet, resnet_regressor
from kgan.networks.shufflenet_v1 import shufflenet_v1, shufflenet_v1_regressor
from kgan.networks.shufflenet_v2 import shufflenet_v2, shufflenet_v2_regressor
from kgan.networks.vgg import vgg, vgg_regressor
from kgan.networks.wide_resnet import wide_resnet, wide_resnet_regressor

__all__ = ["NAMES", "canonical_name", "classifier", "feature_names", "regressor"]

# name -> (classifier, regressor, what the name says of the form)
_NETWORKS = {
    **{f"resnet{depth}": (resnet, resnet_regressor, {"depth": depth}) for depth in (8, 14, 20, 32, 44, 56, 110)},
    **{f"resnet{depth}x4": (resnet, resnet_regressor, {"depth": depth, "width": 64}) for depth in (8, 32)},
    **{f"resnet{depth}": (resnet, resnet_regressor, {"depth": depth}) for depth in (18, 34, 50)},
    **{f"wrn{depth}_{factor}": (wide_resnet, wide_resnet_regressor, {"depth": depth, "widen_factor": factor})
       for depth in (16, 40) for factor in (1, 2)},
    **{f"vgg{depth}": (vgg, vgg_regressor, {"depth": depth}) for depth in (8, 11, 13, 16, 19)},
    "mobilenetv2": (mobilenet_v2, mobilenet_v2_regressor, {}),
    "shufflev1": (shufflenet_v1, shufflenet_v1_regressor, {}),
    "shufflev2": (shufflenet_v2, shufflenet_v2_regressor, {}),
    "densenet121": (densenet, densenet_regressor, {"blocks": (6, 12, 24, 16), "growth_rate": 32}),
    "densenet161": (densenet, densenet_regressor, {"blocks": (6, 12, 36, 24), "growth_rate": 48}),
}
NAMES = tuple(_NETWORKS)


def classifier(name, num_classes, image_shape=(32, 32, 3), **options):
    """A classifier by name: images [B, H, W, C] -> logits [B, num_classes].

    Images whose sides are both at least 128 take the family's form for ImageNet-100: a stem that makes them four
    times smaller (MobileNetV2: one more halving; VGG: another head). All others take the form for 32x32.

    Args:
        name: one of `NAMES`, in any case and punctuation ("WRN-40-2", "ShuffleV1").
        num_classes: number of logits.
        image_shape: (H, W, C); the family's own function says which sizes fit.
        options: further arguments of the family's own function, such as `width`, in place of what the name says.

    Raises:
        InputError: an unknown name or option, or an argument that does not fit.
    """
    build, _, form = _NETWORKS[canonical_name(name)]
    return _built(build, name, {**form, **options}, num_classes=num_classes, image_shape=image_shape)


def regressor(name, image_shape=(64, 64, 3), **options):
    """A regressor by name: images [B, H, W, C] -> value [B, 1], not negative; the paper's are for 64x64.

    Args:
        name, image_shape, options: as those of `classifier`.

    Raises:
        InputError: an unknown name or option, or an argument that does not fit.
    """
    _, build, form = _NETWORKS[canonical_name(name)]
    return _built(build, name, {**form, **options}, image_shape=image_shape)


def canonical_name(name):
    """The one of `NAMES` that is meant: case and punctuation do not count, "ShuffleNet" and "WideResNet" are known.

    Raises:
        InputError: no network has this name.
    """
    found = {_plain(known): known for known in NAMES}.get(_plain(name)) if isinstance(name, str) else None
    if found is None:
        raise InputError(f"there is no network {name!r}; the names are {', '.join(NAMES)}")
    return found


def _plain(name):
    letters = "".join(letter for letter in name.lower() if letter.isalnum())
    return letters.replace("shufflenet", "shuffle").replace("wideresnet", "wrn")


def _built(build, name, options, **arguments):
    arguments["name"] = canonical_name(name)
    known = [option for option in inspect.signature(build).parameters if option not in arguments]
    for option in options:
        if option not in known:
            raise InputError(f"{arguments['name']} has no option {option!r}; it has {', '.join(known)}")
    return build(**arguments, **options)
