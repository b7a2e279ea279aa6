"""The fifteen methods by name: their weights, what they need, and the two that are soft labels alone."""

import distil
import pytest

from kgan.errors import InputError
from kgan.losses.kd.takd import takd_loss
from kgan.methods.kd.catalogue import TECHNIQUES, make_technique, technique_class
from kgan.report.kd_methods import label

# ce_weight, kl_weight, kd_weight, temperature: section 4 of the method file.
WEIGHTS = {
    "blkd": (0.1, 0.9, 0.0, 4.0), "fitnet": (1.0, 1.0, 100.0, 4.0), "at": (1.0, 1.0, 1000.0, 4.0),
    "pkt": (1.0, 1.0, 30000.0, 4.0), "ft": (1.0, 1.0, 200.0, 4.0), "sp": (1.0, 1.0, 3000.0, 4.0),
    "vid": (1.0, 1.0, 1.0, 4.0), "rkd": (1.0, 1.0, 1.0, 4.0), "ab": (1.0, 1.0, 0.0, 4.0),
    "crd": (1.0, 1.0, 0.8, 4.0), "takd": (0.5, 0.5, 0.0, 10.0), "sskd": (0.1, 0.9, 1.0, 4.0),
    "reviewkd": (1.0, 0.0, 5.0, 4.0), "semckd": (1.0, 1.0, 400.0, 4.0), "simkd": (0.0, 0.0, 1.0, 4.0),
}


def test_all_have_their_published_weights_and_are_written_as_in_the_paper():
    found = {key: (made.ce_weight, made.kl_weight, made.kd_weight, made.temperature)
             for key, made in TECHNIQUES.items()}
    assert found == WEIGHTS and list(found) == list(WEIGHTS)
    assert {key: made.title for key, made in TECHNIQUES.items()} == {key: label(key) for key in WEIGHTS}
    assert [key for key, made in TECHNIQUES.items() if made.preparation] == ["ft", "ab", "sskd"]
    assert [key for key, made in TECHNIQUES.items() if "mse" in made.tasks] == ["fitnet", "at", "rkd"]


def test_names_and_what_a_technique_needs():
    assert technique_class("CRD") is TECHNIQUES["crd"]
    networks = distil.network(), distil.network("resnet14", seed=1)
    for key, words in (("crd", "CRD needs num_images"), ("ft", "FT needs prepared"), ("semckd", "needs batch_size")):
        with pytest.raises(InputError, match=words):
            make_technique(key, *networks)
    assert make_technique("crd", *networks, num_images=7).state["student_bank"].shape == (7, 128)


@pytest.mark.parametrize("key", ["blkd", "takd"])
def test_soft_labels_alone_have_no_term_of_their_own(key, untraced):
    made, images, labels = distil.method(key, kd_weight=7.0), *distil.batch()
    logits = made.network(images, training=True), made.teacher(images, training=False)
    loss = float(made.train_step((images, labels))["loss"])
    weight, temperature = {"blkd": (0.9, 4.0), "takd": (0.5, 10.0)}[key]
    assert loss == pytest.approx(float(takd_loss(labels, *logits, weight, temperature)), rel=1e-5)
