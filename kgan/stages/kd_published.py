"""Settings of the cGAN-KD paper's comparison that depend on who teaches whom, by the names of its networks.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
Regression" (2021), tables 2 to 5; assistants and learning rates are those of its code.
"""

from kgan.errors import InputError
from kgan.networks.classifiers import canonical_name
from kgan.stages.kd import Pair

CIFAR100 = ("resnet110>resnet20", "resnet32x4>resnet20", "vgg13>vgg8", "vgg19>vgg8", "wrn40_2>wrn40_1",
            "resnet32x4>resnet8x4", "wrn40_2>mobilenetv2", "wrn40_2>vgg8", "resnet32x4>mobilenetv2",
            "resnet32x4>vgg8", "resnet32x4>shufflev1", "resnet32x4>shufflev2", "resnet50>mobilenetv2",
            "resnet50>vgg8", "resnet50>shufflev1", "densenet121>mobilenetv2", "densenet121>resnet20",
            "densenet121>vgg8", "densenet121>resnet8x4", "densenet121>shufflev1", "densenet121>shufflev2")
SLOW = ("mobilenetv2", "shufflev1", "shufflev2")  # students of the lower learning rate

_ASSISTANTS = {
    "wrn40_2": {"wrn40_1": "wrn16_2", "mobilenetv2": "vgg8", "vgg8": "resnet8x4", "shufflev1": "vgg19",
                "shufflev2": "vgg13"},
    "resnet32x4": {"resnet20": "resnet110", "resnet8x4": "resnet110", "mobilenetv2": "vgg11", "vgg8": "vgg13",
                   "shufflev1": "wrn40_2", "shufflev2": "wrn40_2"},
    "resnet50": {"mobilenetv2": "resnet56", "vgg8": "vgg13", "shufflev1": "wrn40_2", "shufflev2": "wrn40_2"},
    "vgg13": {"vgg8": "vgg11"},
    "vgg19": {"vgg8": "vgg11"},
    "densenet121": {"mobilenetv2": "resnet56", "resnet20": "vgg13", "vgg8": "vgg13", "resnet8x4": "wrn40_2",
                    "shufflev1": "wrn40_2", "shufflev2": "wrn40_2"},
}


def learning_rate(student):
    """The first learning rate of a student of classes: 0.05, of the networks for phones 0.01."""
    return 0.01 if student in SLOW else 0.05


def pair_of(teacher, student, assistant=None):
    """The `Pair` of two networks by any of their names, with TAKD's assistant; None where none is known."""
    teacher, student = canonical_name(teacher), canonical_name(student)
    found = canonical_name(assistant) if assistant else _ASSISTANTS.get(teacher, {}).get(student)
    return Pair(teacher, student, found)


def pairs_of(texts):
    """`Pair`s of texts "teacher>student" or "teacher>assistant>student"; InputError for another form."""
    found = []
    for text in texts:
        names = [name.strip() for name in text.split(">")]
        if len(names) not in (2, 3) or not all(names):
            raise InputError(f"a pair is written teacher>student or teacher>assistant>student; received {text!r}")
        found.append(pair_of(names[0], names[-1], *names[1:-1]))
    return found
