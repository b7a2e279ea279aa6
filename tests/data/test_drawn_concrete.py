import numpy as np
import pytest

from kgan.data import codebrim, drawn_concrete
from kgan.errors import InputError

CRACK, SPALLATION, EFFLORESCENCE, BARS, STAIN = range(5)


@pytest.fixture(scope="module")
def concrete():
    return drawn_concrete.load(image_size=64, count=150, seed=1)


def test_named_as_what_it_is(concrete):
    assert (concrete.name, concrete.source) == ("drawn_concrete", "drawn by kgan, seed 1")
    assert concrete.class_names == codebrim.CLASS_NAMES
    assert concrete.images.shape == (150, 64, 64, 3)


def test_first_images_by_seed_alone(concrete):
    for count in (1, 130):  # less than one chunk of 128, and more
        first = drawn_concrete.load(64, count, seed=1)
        np.testing.assert_array_equal(first.images, concrete.images[:count])
        np.testing.assert_array_equal(first.labels, concrete.labels[:count])
    assert (drawn_concrete.load(64, 5, seed=2).images != concrete.images[:5]).any()


def test_images_vary_and_classes_are_balanced(concrete):
    assert np.bincount(concrete.labels, minlength=5).min() > 15
    assert len(np.unique(concrete.images.reshape(150, -1), axis=0)) == 150
    assert concrete.images.std(axis=0).min() > 10


def same_wall(label, count=24):
    """Images of one class on walls that are the same for every class, with those bare walls: both float."""
    draws = np.random.default_rng(5).random((count, 8000 + 64**2), np.float32)
    wall = drawn_concrete._concrete(drawn_concrete._Draws(draws[:, drawn_concrete._DEFECT_DRAWS :], 64))
    drawn = drawn_concrete._draw(draws, np.full(count, label), 64).astype(np.float32)
    return drawn, np.clip(wall, 0, 255)


def test_labels_say_what_is_drawn():
    change, area = {}, {}
    for label in range(5):
        drawn, wall = same_wall(label)
        difference = drawn - wall
        touched = np.abs(difference).max(axis=-1) > 12
        area[label] = touched.mean(axis=(1, 2))
        assert (area[label] > 0.005).all()  # no wall without its defect
        change[label] = np.stack([difference[i][touched[i]].mean(axis=0) for i in range(len(drawn))])
    redder = {label: (c[:, 0] - c[:, 2]).mean() for label, c in change.items()}
    assert area[CRACK].mean() < 0.08 < 0.15 < area[SPALLATION].mean()  # thin against a patch
    assert change[CRACK].mean() < -30  # dark
    assert change[EFFLORESCENCE].mean() > 10 > change[SPALLATION].mean()  # whitish
    assert redder[STAIN] > 18 and redder[BARS] > 15  # rust
    assert max(abs(redder[CRACK]), abs(redder[SPALLATION]), abs(redder[EFFLORESCENCE])) < 12


def test_stains_and_crusts_run_down():
    for label in (EFFLORESCENCE, STAIN):
        drawn, wall = same_wall(label)
        rows = np.abs(drawn - wall).sum(axis=(2, 3)).mean(axis=0)
        peak = int(rows.argmax())
        assert 5 < peak < 40
        assert rows[-1] < 0.6 * rows[peak] and rows[0] < 0.6 * rows[peak]
        below, above = rows[min(peak + 15, 63)], rows[max(peak - 15, 0)]
        assert below > above  # it fades more slowly downwards


def test_other_sizes():
    for size in (16, 100):
        images = drawn_concrete.load(size, 10).images
        assert images.shape == (10, size, size, 3) and images.std() > 10


@pytest.mark.parametrize("wrong", [{"image_size": 8}, {"image_size": 16.0}, {"count": 0}, {"seed": -1}, {"count": 2.0}])
def test_refuses(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        drawn_concrete.load(**wrong)
