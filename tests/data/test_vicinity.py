import itertools

import numpy as np
import pytest

from kgan.data import vicinity
from kgan.data.value_set import ValueSet
from kgan.errors import InputError

# Five distinct targets with gaps 0.1, 0.3, 0.05, 0.25; how many images of each.
TARGETS, COUNTS = (0.1, 0.2, 0.5, 0.55, 0.8), (1, 3, 2, 1, 4)


def values(targets=TARGETS, counts=COUNTS):
    """Image i holds the value i everywhere; the images are in no order of their targets."""
    all_targets = np.repeat(np.array(targets, np.float32), counts)
    all_targets = np.random.default_rng(0).permutation(all_targets)
    images = np.arange(len(all_targets), dtype=np.uint8).repeat(4).reshape(-1, 2, 2, 1)
    return ValueSet("made up", images, all_targets, 0.0, 1.0)


def drawn(value_set, steps, batch_size=64, critic_steps=3, **options):
    """The first batches joined, and the number of each real image."""
    settings = {"seed": 1, "sigma": 0.05, "radius": 0.12} | options
    dataset = vicinity.vicinal_batches(value_set, batch_size, critic_steps=critic_steps, **settings)
    batches = list(itertools.islice(dataset.as_numpy_iterator(), steps))
    joined = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    return joined, np.rint((joined["images"][..., 0, 0, 0] + 1) * 127.5).astype(int)


def test_rules_of_thumb_by_hand():
    # mean 0.4, squared deviations 0.09, 0.01, 0, 0.16: variance 0.065; 4^(-1/5) = 0.757858
    sigma = vicinity.kernel_sigma([0.1, 0.3, 0.4, 0.8])
    assert sigma == pytest.approx(1.06 * np.sqrt(0.065) * 0.7578582833, abs=1e-9)
    targets = [0.8, 0.1, 0.2, 0.2, 0.5, 0.55]
    assert vicinity.hard_kappa(targets, 5) == pytest.approx(1.5, abs=1e-9)
    assert vicinity.soft_nu(targets, 5) == pytest.approx(1 / 2.25, abs=1e-9)
    years = np.arange(1, 61) / 60  # UTKFace: 900, the paper's own number
    assert vicinity.soft_nu(years, 2) == pytest.approx(900.0, rel=1e-9)
    assert vicinity.soft_radius(900.0) == pytest.approx(np.sqrt(6.907755279) / 30, abs=1e-9)
    assert np.exp(-900.0 * vicinity.soft_radius(900.0) ** 2) == pytest.approx(1e-3, abs=1e-9)


def test_form_of_a_batch():
    batch, images = drawn(values(), 2, batch_size=4, critic_steps=3)
    assert batch["images"].shape == (8, 3, 2, 2, 1) and images.shape == (8, 3)
    assert {name: array.shape for name, array in batch.items() if name != "images"} == {
        "real_labels": (8, 3), "targets": (8, 3), "fake_labels": (8, 3), "generator_labels": (8,)}
    assert {array.dtype for array in batch.values()} == {np.dtype(np.float32)}


def test_shapes_are_static_and_no_noise_is_allowed():
    dataset = vicinity.vicinal_batches(values(), 4, critic_steps=3, seed=0, sigma=0, radius=0.1)
    spec = dataset.element_spec
    assert spec["images"].shape == (4, 3, 2, 2, 1) and spec["targets"].shape == (4, 3)
    assert set(next(dataset.as_numpy_iterator())["targets"].ravel()) <= set(np.float32(TARGETS))


def test_every_real_image_lies_in_its_vicinity_and_carries_its_label():
    value_set = values()
    batch, images = drawn(value_set, 20)
    np.testing.assert_array_equal(batch["real_labels"], value_set.targets[images])
    away = np.abs(batch["real_labels"] - batch["targets"])
    assert away.max() <= 0.12 + 1e-6
    assert away.max() > 0.11 and (away > 0.06).mean() > 0.05  # neighbours within the radius, not the nearest alone
    assert set(images.ravel()) == set(range(11))


def test_fake_labels_fill_the_clipped_interval():
    batch, _ = drawn(values((0.02, 0.5, 0.99), (1, 2, 3)), 40)
    low, high = np.maximum(batch["targets"] - 0.12, 0), np.minimum(batch["targets"] + 0.12, 1)
    assert (batch["targets"] < 0).any() and (batch["targets"] > 1).any()  # the noisy labels are not clipped
    assert batch["fake_labels"].min() >= 0 and batch["fake_labels"].max() <= 1
    share = (batch["fake_labels"] - low) / (high - low)
    assert -1e-5 <= share.min() < 0.01 and 0.99 < share.max() <= 1 + 1e-5
    assert share.mean() == pytest.approx(0.5, abs=4.5 / np.sqrt(12 * share.size))
    assert share.std() == pytest.approx(np.sqrt(1 / 12), abs=0.01)


def test_labels_are_drawn_as_distinct_ones_with_normal_noise():
    """Far-apart labels, so that each noisy one tells where it comes from."""
    batch, images = drawn(values((0.1, 0.5, 0.9), (1, 2, 8)), 60, sigma=0.02)
    for name in ("targets", "generator_labels"):
        noisy = batch[name].ravel()
        nearest = np.abs(noisy[:, None] - np.array([0.1, 0.5, 0.9])).argmin(axis=1)
        count = np.bincount(nearest)
        assert np.abs(count - noisy.size / 3).max() < 4.5 * np.sqrt(noisy.size * 2 / 9)
        noise = noisy - np.array([0.1, 0.5, 0.9])[nearest]
        assert noise.std() == pytest.approx(0.02, abs=4.5 * 0.02 / np.sqrt(2 * noise.size))
        assert noise.mean() == pytest.approx(0, abs=4.5 * 0.02 / np.sqrt(noise.size))
    of_last = values((0.1, 0.5, 0.9), (1, 2, 8)).targets == np.float32(0.9)
    counts = np.bincount(images.ravel(), minlength=11)[of_last]
    total = counts.sum()
    assert np.abs(counts - total / 8).max() < 4.5 * np.sqrt(total * 7 / 64)  # each image of a vicinity alike


def test_empty_vicinities_are_drawn_again_and_then_left_to_the_label_itself():
    gaps = values((0.0, 1.0), (2, 3))
    batch, _ = drawn(gaps, 20, sigma=0.5, radius=0.1)
    away = np.minimum(np.abs(batch["targets"]), np.abs(batch["targets"] - 1))
    assert away.max() <= 0.1 + 1e-6
    assert (away > 0.05).mean() > 0.3  # most were found by drawing again, not by falling back
    assert (away == 0).mean() < 0.15
    batch, _ = drawn(gaps, 2, sigma=1e6, radius=1e-3)
    assert set(batch["targets"].ravel()) == {0.0, 1.0}
    np.testing.assert_array_equal(batch["targets"], batch["real_labels"])


def test_batches_by_seed_and_step():
    whole, _ = drawn(values(), 5, batch_size=5)
    resumed, _ = drawn(values(), 2, batch_size=5, start_step=3)
    for name, array in resumed.items():
        np.testing.assert_array_equal(array, whole[name][15:])
    other, _ = drawn(values(), 2, batch_size=5, start_step=3, seed=2)
    assert (other["targets"] != resumed["targets"]).all()
    far, _ = drawn(values(), 1, batch_size=5, start_step=10**12)  # would never end if the steps were produced
    assert (far["targets"] != whole["targets"][:5]).all()


@pytest.mark.parametrize(("options", "text"), [
    ({"sigma": -0.1}, "sigma"), ({"sigma": float("nan")}, "sigma"), ({"radius": 0.0}, "radius"),
    ({"radius": float("inf")}, "radius"), ({"critic_steps": 0}, "critic_steps"), ({"seed": -1}, "seed"),
    ({"start_step": 0.5}, "start_step"), ({"batch_size": 0}, "batch_size"),
])
def test_impossible_options_are_refused(options, text):
    with pytest.raises(InputError, match=text):
        drawn(values(), 1, **options)


def test_impossible_labels_are_refused():
    with pytest.raises(InputError, match="two distinct labels"):
        vicinity.hard_kappa([0.5, 0.5], 2)
    with pytest.raises(InputError, match="multiple must be above 0"):
        vicinity.hard_kappa([0.5, 0.6], 0)
    with pytest.raises(InputError, match="nu must be above 0"):
        vicinity.soft_radius(0.0)
    with pytest.raises(InputError, match="finite numbers"):
        vicinity.kernel_sigma([0.5, np.nan])
