"""What the cGAN-KD paper's comparison sets by the names of its networks."""

from pathlib import Path

import pytest

from kgan.errors import InputError
from kgan.networks.classifiers import NAMES
from kgan.recipe import Recipe
from kgan.stages.kd import Pair
from kgan.stages.kd_published import CIFAR100, learning_rate, pair_of, pairs_of


@pytest.mark.parametrize("text, pair", [
    ("wrn40_2>wrn40_1", Pair("wrn40_2", "wrn40_1", "wrn16_2")),
    (" WRN-40-2 > ShuffleNetV1 ", Pair("wrn40_2", "shufflev1", "vgg19")),
    ("resnet32x4>resnet20", Pair("resnet32x4", "resnet20", "resnet110")),
    ("resnet32x4>mobilenetv2", Pair("resnet32x4", "mobilenetv2", "vgg11")),
    ("resnet50>mobilenetv2", Pair("resnet50", "mobilenetv2", "resnet56")),
    ("vgg19>vgg8", Pair("vgg19", "vgg8", "vgg11")),
    ("densenet121>resnet8x4", Pair("densenet121", "resnet8x4", "wrn40_2")),
    ("resnet110>resnet20", Pair("resnet110", "resnet20")),  # printed nowhere
    ("wrn40_2>vgg13>vgg8", Pair("wrn40_2", "vgg8", "vgg13")),
    ("resnet14>resnet8", Pair("resnet14", "resnet8"))])
def test_a_pair_is_written_with_or_without_its_assistant(text, pair):
    assert pairs_of([text]) == [pair]


def test_the_published_pairs_are_21_of_which_one_has_no_assistant():
    pairs = pairs_of(CIFAR100)
    assert len({(pair.teacher, pair.student) for pair in pairs}) == len(pairs) == 21
    assert [pair for pair in pairs if pair.assistant is None] == [Pair("resnet110", "resnet20")]
    assert all(pair.assistant in NAMES for pair in pairs if pair.assistant)
    assert pair_of("ResNet110", "ResNet20", "ResNet56") == Pair("resnet110", "resnet20", "resnet56")


def test_the_grid_of_all_pairs_and_methods_can_be_laid_out():
    grid = Recipe(Path(__file__).parent.parent.parent / "recipes" / "kd_grid.py")
    names = [stage.name for stage in grid.stages(grid.settings())]
    students = [name for name in names if name.startswith("student_")]
    assert len(students) == 21 * 15 + 7  # seven plain students
    assert sum(name.startswith("assistant_") for name in names) == 20
    assert sum(name.startswith("teacher_") for name in names) == 7


@pytest.mark.parametrize("text, words", [
    ("vgg8", "teacher>student or teacher>assistant>student; received 'vgg8'"), ("vgg13>", "received 'vgg13>'"),
    ("vgg13>>vgg8", "received 'vgg13>>vgg8'"), ("vgg19>vgg13>vgg11>vgg8", "received 'vgg19>"),
    ("vgg13>vgg9", "no network 'vgg9'"), ("vgg13>vgg12>vgg8", "no network 'vgg12'")])
def test_what_is_no_pair_is_refused(text, words):
    with pytest.raises(InputError, match=words):
        pairs_of(["wrn40_2>vgg8", text])


@pytest.mark.parametrize("student, rate", [
    ("mobilenetv2", 0.01), ("shufflev1", 0.01), ("shufflev2", 0.01), ("vgg8", 0.05), ("resnet20", 0.05)])
def test_networks_for_phones_start_slower(student, rate):
    assert learning_rate(student) == rate
