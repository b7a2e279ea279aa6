"""Ranges of images from elsewhere: found out, checked, and refused where none fits."""

import pytest
from picture_files import refused

from kgan.data.ranges import check_range, range_of


@pytest.mark.parametrize("least, greatest, asked, wanted", [
    (-0.97, 0.99, "auto", (-1.0, 1.0)), (-0.2, 0.1, "auto", (-1.0, 1.0)), (-1.0005, 1.0005, "auto", (-1.0, 1.0)),
    (0.0, 0.93, "auto", (0.0, 1.0)), (-0.0005, 1.0005, "auto", (0.0, 1.0)), (0.0, 254.0, "auto", (0.0, 255.0)),
    (3.0, 31.0, "auto", (0.0, 255.0)), (0.1, 0.9, "-1,1", (-1.0, 1.0)), (0.1, 0.9, " 0, 1 ", (0.0, 1.0)),
    (2.0, 90.0, "0,255", (0.0, 255.0)), (-1.7, 1.4, "-1,1", (-1.0, 1.0)), (-0.1, 1.4, "0,1", (0.0, 1.0))])
def test_a_range_is_found_or_taken(least, greatest, asked, wanted):
    assert range_of(least, greatest, asked, "the images of x") == wanted


@pytest.mark.parametrize("least, greatest, asked, words", [
    (-2.5, 2.5, "auto", "lie in [-2.5, 2.5], which is none of [-1, 1]; [0, 1]; [0, 255]"),
    (0.0, 1.5, "auto", "lie in [0, 1.5], which is none of"), (0.0, 300.0, "auto", "which is none of"),
    (-1.7, 2.1, "-1,1", "not in [-1, 1]"), (-0.6, 1.4, "0,1", "not in [0, 1]"),
    (-0.5, 0.9, "0,1", "lie in [-0.5, 0.9], not in [0, 1]: set image_range to another of"),
    (0.0, 254.0, "-1,1", "lie in [0, 254], not in [-1, 1]"), (0.0, 0.9, "0,255", "set image_range=0,1"),
    (0.0, 1.0, "0,2", "received '0,2'")])
def test_what_does_not_fit_is_refused_in_a_line(least, greatest, asked, words):
    assert words in refused(range_of, least, greatest, asked, "the images of x")


def test_a_setting_is_checked_at_once():
    assert check_range("0, 255") == "0,255" and check_range("auto") == "auto"
    assert "received '1'" in refused(check_range, "1")
