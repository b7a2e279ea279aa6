"""Which side of a measure is the better one."""

import pytest

from kgan.report.directions import better, directions


@pytest.mark.parametrize(("measure", "side"), [
    ("fid_inception", "lower"), ("fd_digits_cnn_best", "lower"), ("kid_inception", "lower"), ("mmd_eye", "lower"),
    ("intra_fid_inception", "lower"), ("intra_fd_eye", "lower"), ("is_digits_cnn", "higher"),
    ("is_digits_cnn_best", "higher"), ("precision_eye", "higher"), ("recall_eye", "higher"), ("density_eye", "higher"),
    ("coverage_eye", "higher"), ("vol", None), ("vol_ratio", None), ("test_error", None), ("is_digits_cnn_std", None),
    ("kid_inception_std", None),
])
def test_of_a_measure(measure, side):
    assert better(measure) == side


def test_of_a_headline():
    assert directions({"distance": "fd_eye", "score": "is_eye"}) == [("is_eye", "higher"), ("fd_eye", "lower")]
    assert directions({"score": None, "distance": "fd_eye"}) == [("fd_eye", "lower")]
