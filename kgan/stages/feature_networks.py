"""The run's own networks on whose features its students may be compared with their teacher."""

from kgan.errors import InputError
from kgan.export.fold import fold
from kgan.methods.features import Features, check_layers
from kgan.metrics.classifier import build_classifier
from kgan.stages.judge import NETWORK
from kgan.stages.training import load_network

NAMES = ("discriminator", "classifier")


def discriminator_of(teacher):
    """The name under which a teacher's discriminator is saved."""
    return f"{teacher}_discriminator"


def wanted_networks(objectives):
    """Which of `NAMES` the objectives among these (dict, name -> objective) look through, in order."""
    found = {objective.network for objective in objectives.values() if isinstance(objective, Features)}
    unknown = sorted(found - set(NAMES))
    if unknown:
        raise InputError(f"feature_network must be one of {', '.join(NAMES)}; received {unknown[0]!r}")
    return tuple(name for name in NAMES if name in found)


def check_feature_networks(objectives, image_shape, discriminator):
    """InputError where students are to be compared on a network or a layer that the run will not have.

    Args:
        objectives: dict, name -> objective.
        image_shape: (H, W, C) of the students' images.
        discriminator: callable, d -> network of the form of the teacher's discriminator; None: it has none.
    """
    wanted = wanted_networks(objectives)
    if "discriminator" in wanted and discriminator is None:
        raise InputError("feature_network=discriminator looks through the teacher's discriminator, but this teacher "
                         "comes without one: take feature_network=classifier")
    # Of the smallest form: the layers' names are those of any size, and of any number of classes.
    made = {"discriminator": lambda: discriminator(1), "classifier": lambda: build_classifier(image_shape, 2)}
    for name in wanted:
        layers = [layer for objective in objectives.values() if isinstance(objective, Features)
                  and objective.network == name for layer in objective.layers]
        check_layers(name, made[name](), layers)


def load_feature_networks(run_dir, teacher, objectives):
    """Dict, name -> network: what a `Distiller` takes as `feature_networks` for these objectives.

    The teacher's discriminator is that of the end of its training, the classifier that of the stage `features`.

    Args:
        run_dir: the run's folder.
        teacher: name of the teacher's network.
        objectives: dict, name -> objective.
    """
    files = {"discriminator": discriminator_of(teacher), "classifier": NETWORK}
    # A copy in which kernels are divided by their spectral norms once, not in every step. Batch norm is not folded:
    # what the layer before it gives may be asked for.
    return {name: fold(load_network(run_dir, files[name]), batch_norm=False) for name in wanted_networks(objectives)}
