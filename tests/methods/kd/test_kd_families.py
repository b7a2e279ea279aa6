"""Every technique between every two families of networks: which pairs it serves, what moves, what leaves."""

import functools

import distil
import keras
import numpy as np
import pytest
import tiny
from kd_families import (
    BATCH,
    FAMILIES,
    ROWS,
    as_far_as,
    batch,
    built,
    compiled,
    distillation,
    pair,
    prepared,
    step,
    technique,
)

from kgan.errors import InputError
from kgan.export.fold import fold
from kgan.export.runtime import Runner
from kgan.export.saved_model import write_saved_model
from kgan.export.tflite import convert_saved_model
from kgan.methods.kd.catalogue import TECHNIQUES, make_technique
from kgan.methods.kd.distillation import Distillation
from kgan.training.checkpoint import restore_checkpoint, save_checkpoint

pytestmark = pytest.mark.slow

LOGITS_ALONE = ("blkd", "takd")  # the techniques that look at no inner features
STAGE_BY_STAGE = ("ab", "reviewkd")


def is_refused(make, key):
    """Whether a construction ends with an InputError, of one line that names the technique."""
    try:
        make()
    except InputError as error:
        assert "\n" not in str(error) and str(error).startswith(f"{TECHNIQUES[key].title} ")
        return True
    return False


def expected_refusal(key, student, teacher):
    """From the sizes of the stages alone."""
    own, told = FAMILIES[student][2], FAMILIES[teacher][2]
    if key in LOGITS_ALONE:
        return False
    if not own or not told or (key in STAGE_BY_STAGE and len(own) != len(told)):
        return True
    connected = {"fitnet": [(own[1], told[1])], "ab": zip(own, told, strict=True) if key == "ab" else ()}
    return any(a < b and 2 * a != b for a, b in connected.get(key, ()))


def trained_pairs(key):
    """Pairs of unlike families in which each that the technique serves is a student once, and a teacher once."""
    groups = {}
    for family, (*_, sizes) in FAMILIES.items():
        if sizes or key in LOGITS_ALONE:
            groups.setdefault(len(sizes) if key in STAGE_BY_STAGE else "all", []).append(family)
    turn = list(TECHNIQUES).index(key)
    return [(family, group[(place + 1 + turn % (len(group) - 1)) % len(group)])
            for group in groups.values() for place, family in enumerate(group)]


@pytest.mark.parametrize("family", FAMILIES)
def test_stages_of_a_family(family):
    """Which the rules below stand on. Quick siblings: the shapes in each family's file in tests/networks."""
    network, _ = built(family, "student")
    sizes = [network.get_layer(f"f{number}").output.shape[1:3] for number in range(1, len(FAMILIES[family][2]) + 1)]
    assert sizes == [(side, side) for side in FAMILIES[family][2]]
    assert f"f{len(sizes) + 1}" not in {layer.name for layer in network.layers}


@pytest.mark.parametrize("key", TECHNIQUES)
def test_pairs_that_are_served_and_refused(key):
    """Quick siblings: the tests of refusals in each technique's file."""
    preparation, products = TECHNIQUES[key].preparation, {}
    networks = {family: (built(family, "student")[0], built(family, "teacher")[0]) for family in FAMILIES}
    with keras.StatelessScope(initialize_variables=False):  # shapes alone: no weight is drawn
        if preparation is not None and not preparation.of_pair:
            for family, (_, teacher) in networks.items():
                def prepare(family=family, teacher=teacher):
                    products[family] = preparation(None, teacher).product

                assert is_refused(prepare, key) == (family == "densenet")
        for one, (student, _) in networks.items():
            for other, (_, teacher) in networks.items():
                makers = [functools.partial(make_technique, key, student, teacher, num_images=ROWS, batch_size=BATCH,
                                            prepared=products.get(other, products.get("resnet")))]
                if preparation is not None and preparation.of_pair:
                    makers.append(functools.partial(preparation, student, teacher))
                assert {is_refused(make, key) for make in makers} == {expected_refusal(key, one, other)}, (one, other)


@pytest.mark.parametrize("key", TECHNIQUES)
def test_steps_with_each_family_as_student_and_as_teacher(key, untraced):
    """Quick siblings: the written-out steps in each technique's file."""
    pairs = trained_pairs(key)
    served = {family for family in FAMILIES if not expected_refusal(key, family, family)}
    assert [{family for family, _ in pairs}, {family for _, family in pairs}] == [served, served]
    for one, other in pairs:
        assert one != other and not expected_refusal(key, one, other)
        student, teacher = pair(one, other)
        method = distillation(key, student, teacher, prepared(key, student, teacher))
        made = method.technique
        moving, still = list(student.trainable_variables), [*teacher.variables]
        if key == "simkd":
            moving = as_far_as(student, made.student_features).trainable_variables
            still += [variable for layer in made.modules.layers if layer.name.startswith("reused")
                      for variable in layer.variables]
        if getattr(made, "prepared", None) is not None:
            still += made.prepared.variables
        if made.modules is not None:
            moving += made.modules.trainable_variables
        for seed in range(2):
            step(method, moving, still, batch(key, seed))


@pytest.mark.parametrize("key", TECHNIQUES)
def test_files_of_the_deployed_student(key, tmp_path, untraced):
    """Saved and loaded, and as TFLite. Quick sibling: that of SimKD's file, whose student is put together.

    The students are those whose files are made quickly; test_classifiers.py makes those of all families.
    """
    pairs = [names for names in trained_pairs(key) if names[0] in ("resnet", "wrn", "vgg")]
    student, teacher = pair(*pairs[list(TECHNIQUES).index(key) % len(pairs)])
    preparation = TECHNIQUES[key].preparation
    product = None if preparation is None or preparation.of_pair else preparation(None, teacher).product
    method = distillation(key, student, teacher, product)
    images = 0.3 * np.array(batch(key)[0]) + np.linspace(-0.7, 0.7, BATCH, dtype="float32").reshape(-1, 1, 1, 1)
    network = method.network_outputs()["network"]
    assert (network is student) == (key != "simkd")
    expected = np.array(network(images))
    size = np.abs(expected).max()
    assert expected.shape == (BATCH, distil.CLASSES) and expected.std(axis=0).max() > 0.01 * size
    network.save(tmp_path / "network.keras")
    loaded = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_allclose(loaded(images), expected, rtol=0, atol=1e-6 * size)
    write_saved_model(fold(network), tmp_path / "saved")
    (found,) = Runner(convert_saved_model(tmp_path / "saved", "none"))({"images": images}).values()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * size)


@pytest.mark.parametrize("key, student, teacher, settings", [
    ("crd", "shufflev1", "vgg", {}),
    ("semckd", "resnet", "shufflev2", {"student_layers": ["f3"], "teacher_layers": ["f2", "f3"]}),
])
def test_a_checkpoint_brings_the_training_back(key, student, teacher, settings, tmp_path, untraced):
    """Quick sibling: that of CRD between tiny networks in test_kd_distillation.py."""
    def fresh():
        return compiled(Distillation(networks[0], networks[1], technique(key, *networks, **settings)),
                        keras.optimizers.Adam(1e-3))

    def after(method):
        method.train_step(batch(key, seed=1))
        return tiny.values([*method.network.variables, *method.networks["modules"].variables,
                            *method.technique.state.values()])

    networks = pair(student, teacher)
    first = fresh()
    first.train_step(batch(key))
    save_checkpoint(tmp_path, first)
    expected = after(first)
    networks = pair(student, teacher)  # the student as it began
    again = fresh()
    assert restore_checkpoint(tmp_path, again) == 1
    for found, value in zip(after(again), expected, strict=True):
        np.testing.assert_allclose(found, value, rtol=1e-5, atol=2e-5)  # a step of Adam's is 1e-3
