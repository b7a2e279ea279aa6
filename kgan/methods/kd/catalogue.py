"""The fifteen methods of the cGAN-KD paper's tables, by the names that recipes give them."""

import inspect

from keras.distillation import DistillationLoss

from kgan.errors import InputError
from kgan.methods.kd.ab import ActivationBoundaries
from kgan.methods.kd.crd import Contrastive
from kgan.methods.kd.fitnet import FitNet
from kgan.methods.kd.ft import FactorTransfer
from kgan.methods.kd.of_keras import OfKeras
from kgan.methods.kd.pairwise import (
    Assisted,
    AttentionTransfer,
    BlackBox,
    ProbabilisticTransfer,
    Relational,
    SimilarityPreserving,
)
from kgan.methods.kd.review import Review
from kgan.methods.kd.semckd import SemanticCalibration
from kgan.methods.kd.simkd import ReusedClassifier
from kgan.methods.kd.sskd import SelfSupervision
from kgan.methods.kd.technique import Technique
from kgan.methods.kd.vid import Variational

_CLASSES = (BlackBox, FitNet, AttentionTransfer, ProbabilisticTransfer, FactorTransfer, SimilarityPreserving,
            Variational, Relational, ActivationBoundaries, Contrastive, Assisted, SelfSupervision, Review,
            SemanticCalibration, ReusedClassifier)
TECHNIQUES = {technique.key: technique for technique in _CLASSES}


def technique_class(key):
    """The class of a technique; InputError for a name that is none."""
    found = TECHNIQUES.get(key.lower()) if isinstance(key, str) else None
    if found is None:
        raise InputError(f"there is no technique {key!r}; the names are {', '.join(TECHNIQUES)}")
    return found


def settings_of(key):
    """name -> `inspect.Parameter` of what a technique's constructor takes besides the two networks."""
    parameters = inspect.signature(technique_class(key)).parameters
    return {name: parameter for name, parameter in parameters.items() if name not in ("student", "teacher")}


def make_technique(key, student, teacher, **settings):
    """A technique by name, from what a run offers to any of them.

    Of `settings` it takes those that it has, and refuses to be without those that it needs. What a person chose for
    this technique is held against `settings_of` by the caller.

    Args:
        key: of `TECHNIQUES`.
        student, teacher: functional networks.
        settings: arguments of any technique's constructor.
    """
    made, known = technique_class(key), settings_of(key)
    missing = [name for name, parameter in known.items()
               if parameter.default is parameter.empty and settings.get(name) is None]
    if missing:
        raise InputError(f"{made.title} needs {' and '.join(missing)}: make it as "
                         f"{made.__name__}(student, teacher, {', '.join(f'{name}=...' for name in missing)})")
    return made(student, teacher, **{name: value for name, value in settings.items() if name in known})


def technique_of(given, student, teacher, *, loss, **settings):
    """What `Distillation` was given as a `Technique`; InputError where it cannot stand beside the loss.

    Args:
        given: a `Technique` of this pair, a name, or a Keras loss.
        loss: "cross_entropy" or "mse".
        settings: for a technique that is made here.
    """
    if isinstance(given, DistillationLoss):
        return OfKeras(student, teacher, given)
    found = given if isinstance(given, Technique) else make_technique(given, student, teacher, **settings)
    check_task(found, loss)
    return found


def check_task(technique, loss):
    """InputError unless a technique, or its class, can stand beside this loss."""
    if loss not in technique.tasks:
        able = ", ".join(known.title for known in TECHNIQUES.values() if loss in known.tasks)
        raise InputError(f"{technique.title} distils classifiers: for regressors there are {able}")
