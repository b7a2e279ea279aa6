"""ReviewKD's hierarchical context loss against means taken place by place."""

import numpy as np
import pytest
from kd_checks import agrees, draw, hierarchical_context, value_and_slope

from kgan.errors import InputError
from kgan.losses.kd.review import hierarchical_context_loss


def of_one_level(student, teacher):
    return hierarchical_context_loss([student], [teacher])


def test_one_map_by_hand():
    student, teacher = np.full((1, 2, 2, 1), 7.0), np.array([6.0, 5.0, 4.0, 1.0]).reshape(1, 2, 2, 1)
    value, slope = value_and_slope(of_one_level, student, teacher)  # differences 1, 2, 3, 6 of mean 3
    assert value == pytest.approx((12.5 + 0.5 * 9.0) / 1.5, rel=1e-6)
    by_hand = (2 * np.array([1.0, 2.0, 3.0, 6.0]) / 4 + 0.5 * 2 * 3.0 / 4) / 1.5
    np.testing.assert_allclose(slope.ravel(), by_hand, rtol=1e-6)


@pytest.mark.parametrize("height, width", [(1, 1), (2, 2), (3, 3), (4, 4), (5, 7), (8, 8), (2, 6), (6, 3)])
def test_each_size_of_map(height, width):
    shape = 5, height, width, 3
    agrees(of_one_level, hierarchical_context, draw(*shape), draw(*shape, seed=1))


def test_levels_add_up():
    pairs = [[draw(5, side, side, channels, seed=seed) for seed in (side, side + 10)]
             for side, channels in ((5, 2), (3, 4), (1, 6))]

    def ours(student, teacher):
        (s, t), last = ([one.astype("float32") for one in pairs[i]] for i in (0, 2))
        return hierarchical_context_loss([s, student, last[0]], [t, teacher, last[1]])

    others = hierarchical_context(*pairs[0]) + hierarchical_context(*pairs[2])
    agrees(ours, lambda student, teacher: others + hierarchical_context(student, teacher), *pairs[1])


def test_equal_maps_cost_nothing():
    value, slope = value_and_slope(of_one_level, draw(2, 5, 5, 3), draw(2, 5, 5, 3))
    assert value == 0.0 and not slope.any()


def test_unlike_maps_are_refused():
    maps = [np.zeros((2, 4, 4, 3), "float32"), np.zeros((2, 2, 2, 3), "float32")]
    with pytest.raises(InputError, match=r"ReviewKD.*\(4, 4, 3\).*\(2, 2, 3\)"):
        hierarchical_context_loss(maps, maps[::-1])
    with pytest.raises(ValueError, match="shorter"):
        hierarchical_context_loss(maps, maps[:1])
