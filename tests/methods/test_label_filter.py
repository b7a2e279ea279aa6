"""Cutoffs and kept samples of M2 in both modes, by hand."""

import math

import numpy as np
import pytest
from picture_files import refused

from kgan.methods import label_filter
from kgan.methods.label_filter import adjust_values, class_cutoffs, cross_entropies, cutoff, keep_classes


def test_cross_entropies_by_hand():
    logits = np.array([[0.0, math.log(3.0), 0.0], [2.0, 2.0, 2.0], [1000.0, 0.0, -1000.0]])
    np.testing.assert_allclose(cross_entropies(logits, [1, 2, 0]), [math.log(5 / 3), math.log(3), 0.0], atol=1e-12)
    np.testing.assert_allclose(cross_entropies(logits, [0, 0, 2]), [math.log(5), math.log(3), 2000.0], atol=1e-9)


def test_cutoffs_of_both_modes():
    errors = [5.0, 1.0, 4.0, 2.0, 3.0]  # sorted: 1 2 3 4 5
    # code: place rho * 4 between them; paper: the ceil(rho * 5)-th
    for rho, code, paper in ((0.5, 3.0, 3.0), (0.9, 4.6, 5.0), (0.7, 3.8, 4.0), (0.6, 3.4, 3.0), (0.01, 1.04, 1.0)):
        assert cutoff(errors, rho, "code") == pytest.approx(code, abs=1e-12)
        assert cutoff(errors, rho, "paper") == paper
    assert cutoff(errors, 1.0, "code") == cutoff(errors, 1, "paper") == math.inf
    assert cutoff([7.0], 0.3, "code") == cutoff([7.0], 0.3, "paper") == 7.0


def test_paper_mode_keeps_exactly_that_share_without_ties():
    for count in (10, 100, 1000):
        errors = np.random.default_rng(count).permutation(count).astype(float)
        for rho in (0.55, 0.7, 0.9, 0.29):
            kept = (errors <= cutoff(errors, rho, "paper")).sum()
            assert kept == math.ceil(round(rho * count, 6))


def test_classes_have_their_own_cutoffs():
    """Class 0: 1 2 3 4 5; class 1: a single sample; class 2: ties at 2."""
    errors = np.array([5, 2, 7, 1, 2, 4, 2, 3, 9, 2.0])
    labels = np.array([0, 2, 1, 0, 2, 0, 0, 0, 2, 2])
    code = class_cutoffs(errors, labels, 3, 0.6, "code")
    paper = class_cutoffs(errors, labels, 3, 0.6, "paper")
    np.testing.assert_allclose(code, [3.4, 7.0, 2.0], atol=1e-12)  # class 2: 2 2 2 9 at 1.8
    np.testing.assert_allclose(paper, [3.0, 7.0, 2.0], atol=1e-12)
    # strictly below: the single sample and all ties fall; or equal: they stay
    np.testing.assert_array_equal(keep_classes(errors, labels, code, "code"), [0, 0, 0, 1, 0, 0, 1, 1, 0, 0])
    np.testing.assert_array_equal(keep_classes(errors, labels, paper, "paper"), [0, 1, 1, 1, 1, 0, 1, 1, 0, 1])


def test_code_mode_filters_other_samples_by_the_burn_in():
    burn_in = class_cutoffs([1, 2, 3, 10, 20, 30], [0, 0, 0, 1, 1, 1], 2, 0.5, "code")
    np.testing.assert_array_equal(burn_in, [2, 20])
    kept = keep_classes([1.9, 2.0, 19.0, 2.1, 25.0], [0, 0, 1, 1, 1], burn_in, "code")
    np.testing.assert_array_equal(kept, [1, 0, 1, 1, 0])
    np.testing.assert_array_equal(keep_classes([50.0], [1], class_cutoffs([1, 2], [0, 1], 2, 1.0), "code"), [1])


def test_values_are_filtered_by_one_quantile_and_replaced():
    assigned = np.array([10, 20, 30, 40, 50.0])
    predicted = np.array([11, 20, 34, 37, 75.0])  # clipped to 60: errors 1 0 4 3 10
    code = adjust_values(assigned, predicted, 0.5, "code", low=0, high=60)
    assert code.cutoff == 3.0 and code.labels.dtype == code.errors.dtype == np.float32
    np.testing.assert_array_equal(code.keep, [1, 1, 0, 0, 0])
    np.testing.assert_array_equal(code.labels, [11, 20, 34, 37, 60])
    np.testing.assert_array_equal(code.errors, [1, 0, 4, 3, 10])
    paper = adjust_values(assigned, predicted, 0.5, "paper", low=0, high=60)
    assert paper.cutoff == 3.0
    np.testing.assert_array_equal(paper.keep, [1, 1, 0, 1, 0])
    unreplaced = adjust_values(assigned, predicted, 0.5, "code", low=0, high=60, replace=False)
    np.testing.assert_array_equal(unreplaced.labels, assigned)
    np.testing.assert_array_equal(unreplaced.keep, code.keep)
    assert adjust_values(assigned, predicted, 1.0, low=0, high=60).keep.all()


def test_whole_years_tie_at_the_cutoff():
    assigned, predicted = np.full(5, 30.0), np.array([30.9, 31.2, 31.9, 29.4, 35.0])  # truncated: 0 1 1 1 5
    code = adjust_values(assigned, predicted, 0.7, "code", low=0, high=60, whole_units=True)
    np.testing.assert_array_equal(code.labels, [30, 31, 31, 29, 35])
    np.testing.assert_array_equal(code.keep, [1, 0, 0, 0, 0])  # far below 70%: all ties fall
    paper = adjust_values(assigned, predicted, 0.7, "paper", low=0, high=60, whole_units=True)
    np.testing.assert_array_equal(paper.keep, [1, 1, 1, 1, 0])
    below = adjust_values(np.array([-3.0, -3.0]), np.array([-3.7, -2.5]), 1.0, low=-10, high=0, whole_units=True)
    np.testing.assert_array_equal(below.labels, [-3, -2])  # towards zero


@pytest.mark.parametrize("rho", [0, 0.0, -0.1, 1.01, float("nan"), "most", True, None])
def test_rho_out_of_range_is_refused(rho):
    for call in (lambda: cutoff([1.0], rho), lambda: class_cutoffs([1.0], [0], 1, rho),
                 lambda: adjust_values([1.0], [1.0], rho, low=0, high=2)):
        assert refused(call) == f"rho must lie in (0, 1]; received {rho!r}"


def test_other_faults_are_refused():
    assert "class 1 has no sample" in refused(class_cutoffs, [1.0, 2.0], [0, 2], 3, 0.5)
    assert "needs one error or more" in refused(cutoff, [], 0.5)
    assert "error 1 is nan" in refused(cutoff, [1.0, np.nan], 0.5)
    assert refused(cutoff, [1.0], 0.5, "best") == "mode must be one of paper, code; received 'best'"
    assert "mode" in refused(keep_classes, [1.0], [0], [2.0], "best")
    assert "0 to 1; received 0 to 2" in refused(keep_classes, [1.0, 2.0], [0, 2], [2.0, 3.0])
    assert "2 whole numbers" in refused(class_cutoffs, [1.0, 2.0], [0.0, 1.0], 2, 0.5)
    assert "classes 0 to 2, but labels run from 0 to 3" in refused(cross_entropies, np.zeros((2, 3)), [0, 3])
    assert "logits [N, C]" in refused(cross_entropies, np.zeros(3), [0, 1, 2])
    assert "must be [N]" in refused(adjust_values, [1.0], [1.0, 2.0], 0.5, low=0, high=3)
    assert "low must be below high" in refused(adjust_values, [1.0], [1.0], 0.5, low=3, high=3)
    assert "error 0 is nan" in refused(adjust_values, [1.0], [np.nan], 0.5, low=0, high=3)
    assert label_filter.MODES == ("paper", "code")
