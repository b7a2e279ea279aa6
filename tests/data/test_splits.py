import numpy as np
import pytest

from kgan.data import splits
from kgan.errors import InputError


@pytest.mark.parametrize(("test_size", "num_test"), [(3, 3), (0.25, 2), (0.35, 4), (0, 0)])
def test_a_random_part_is_for_testing(test_size, num_test):
    train = splits.random_part(10, "train", test_size, seed=1)
    assert len(train) == 10 - num_test and (np.diff(train) > 0).all()
    np.testing.assert_array_equal(splits.random_part(10, "all", test_size, seed=1), np.arange(10))
    if num_test:
        test = splits.random_part(10, "test", test_size, seed=1)
        np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(10))
        held_out = {tuple(splits.random_part(10, "test", test_size, seed=seed)) for seed in range(20)}
        assert len(held_out) > 10 and set().union(*held_out) == set(range(10))


def test_80_percent_of_each_group():
    groups = np.repeat([7, 3, 5, 9, 4], [10, 1, 2, 7, 3])[np.random.default_rng(0).permutation(23)]
    train = splits.part_of_each(groups, "train", 0.8, seed=2)
    test = splits.part_of_each(groups, "test", 0.8, seed=2)
    np.testing.assert_array_equal(np.sort(np.concatenate([train, test])), np.arange(23))
    # 0.8 of 10, 1, 2, 7, 3 is 8, 0.8, 1.6, 5.6, 2.4
    assert {group: int((groups[train] == group).sum()) for group in (7, 3, 5, 9, 4)} == {7: 8, 3: 1, 5: 2, 9: 6, 4: 2}
    np.testing.assert_array_equal(train, splits.part_of_each(groups, "train", 0.8, seed=2))
    assert len({tuple(splits.part_of_each(groups, "test", 0.8, seed=seed)) for seed in range(8)}) == 8
    np.testing.assert_array_equal(splits.part_of_each(groups, "all", 0.8, seed=2), np.arange(23))


def test_half_a_sample_is_for_training():
    groups = np.zeros(5, int)
    assert len(splits.part_of_each(groups, "train", 0.5, seed=0)) == 3


def test_intervals_hold_at_least_so_many():
    values = np.array([5.0, 1, 1, 9, 2, 5, 5, 5, 7, 8, 1.5])
    # sorted: 1 1 1.5 | 2 5 5 5 5 | 7 8 9
    np.testing.assert_array_equal(splits.intervals(values, 3), [1, 0, 0, 2, 1, 1, 1, 1, 2, 2, 0])
    # 1 1 1.5 2 | 5 5 5 5 | 7 8 9, too few, join the second
    np.testing.assert_array_equal(splits.intervals(values, 4), [1, 0, 0, 1, 0, 1, 1, 1, 1, 1, 0])
    np.testing.assert_array_equal(splits.intervals(values, 20), np.zeros(11))
    np.testing.assert_array_equal(splits.intervals(np.array([3.0, 1.0, 2.0]), 1), [2, 0, 1])


def test_shuffled_groups():
    order, place, counts = splits.shuffled_groups(np.array([2, 0, 2, 2, 0]), seed=3)
    np.testing.assert_array_equal(counts, [2, 3])
    np.testing.assert_array_equal(place, [0, 1, 0, 1, 2])
    assert set(order[:2]) == {1, 4} and set(order[2:]) == {0, 2, 3}


@pytest.mark.parametrize("test_size", [-1, 1.0, 1.5, True, "a tenth", float("nan"), None])
def test_what_is_no_test_size_is_refused(test_size):
    with pytest.raises(InputError, match="test_size"):
        splits.random_part(10, "train", test_size, seed=0)


def test_other_faults_are_refused():
    with pytest.raises(InputError, match="test_size of 10 leaves none of 10"):
        splits.random_part(10, "train", 10, seed=0)
    with pytest.raises(InputError, match="split 'test' is empty"):
        splits.random_part(10, "test", 0, seed=0)
    for call in (lambda split: splits.random_part(10, split, 2, seed=0),
                 lambda split: splits.part_of_each(np.zeros(9), split, 0.8, seed=0)):
        with pytest.raises(InputError, match="split must be one of train, test, all; received 'valid'"):
            call("valid")
    with pytest.raises(InputError, match="seed"):
        splits.part_of_each(np.zeros(9), "train", 0.8, seed=-1)


@pytest.mark.parametrize(("split", "rows"), [
    ("a", [5, 1, 7, 2]), ("a[:50%]", [5, 1]), ("a[1:]", [1, 7, 2]), ("a[1:3]+b", [1, 7, 9, 8, 4]), ("b[34%:]", [8, 4]),
    ("b[2:]+a[:1]", [4, 5]), ("b[:]", [9, 8, 4]), (" a[3:9] + b[:1] ", [2, 9])])
def test_rows_of_a_split_expression(split, rows):
    members = {"a": np.array([5, 1, 7, 2]), "b": np.array([9, 8, 4])}
    np.testing.assert_array_equal(splits.rows_of(split, members), rows)


@pytest.mark.parametrize("split", ["", "c", "a[", "a[1]", "a[-1:]", "a[:x%]", "a+", None, 3])
def test_other_expressions_are_refused(split):
    with pytest.raises(InputError, match=r"^split must be one of a, b, or a part such as .*; received .*$"):
        splits.rows_of(split, {"a": np.arange(3), "b": np.arange(2)})


def test_a_split_without_an_image_is_refused():
    with pytest.raises(InputError, match=r"^split 'a\[3:\]' holds no image; there are 3 in a, 0 in b$"):
        splits.rows_of("a[3:]", {"a": np.arange(3), "b": np.arange(0)})
