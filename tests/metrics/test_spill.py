"""Features kept in a file: what comes back, and that nothing stays behind."""

import numpy as np
from made_up import assert_refused

from kgan.metrics.spill import Chosen, Spill


def test_what_was_written_is_read_in_parts(tmp_path):
    rows = np.random.default_rng(0).normal(size=(11, 3)).astype(np.float32)
    spill = Spill(tmp_path)
    assert len(spill) == 0 and spill[:].shape == (0, 0)
    for start, stop in ((0, 4), (4, 5), (5, 11)):
        spill.append(rows[start:stop])
        np.testing.assert_array_equal(spill[:], rows[:stop])
    assert spill.shape == (11, 3)
    np.testing.assert_array_equal(spill[3:7], rows[3:7])
    np.testing.assert_array_equal(spill[np.array([9, 2, 2])], rows[[9, 2, 2]])
    chosen = Chosen(spill, np.array([1, 4, 10]))
    assert len(chosen) == 3
    np.testing.assert_array_equal(chosen[1:], rows[[4, 10]])
    np.testing.assert_array_equal(chosen[np.array([2, 0])], rows[[10, 1]])
    spill[:1][:] = 7.0  # a copy, so the file stays as it is
    np.testing.assert_array_equal(spill[:1], rows[:1])


def test_nothing_stays_behind(tmp_path):
    spill = Spill(tmp_path)
    spill.append(np.ones((2, 2)))
    del spill
    assert list(tmp_path.iterdir()) == []


def test_refusals(tmp_path):
    with assert_refused("nowhere (No such file or directory): give another folder"):
        Spill(tmp_path / "nowhere")
    spill = Spill()
    spill.append(np.ones((2, 3)))
    with assert_refused("rows must be [n, 3]; received shape (2, 4)"):
        spill.append(np.ones((2, 4)))
