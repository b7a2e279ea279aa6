"""What is printed of a run that goes on."""

import io

import pytest

from kgan import progress
from kgan.progress import Console


class Clock:
    def __init__(self):
        self.now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


def steps(clock, first, last, total, seconds=1.0, every=1):
    """Runs the steps first to last, `seconds` each, with losses every `every` steps; the lines printed."""
    stream = io.StringIO()
    with Console(stream).progress("teacher", total) as update:
        for step in range(first, last + 1):
            clock.now += seconds
            update(step, {"loss": 0.5} if step % every == 0 else None)
    return stream.getvalue().splitlines()


def test_say_prints_a_line():
    stream = io.StringIO()
    Console(stream).say("teacher: complete")
    assert stream.getvalue() == "teacher: complete\n"


def test_plain_lines_come_at_most_every_15_seconds_and_at_the_end(clock):
    lines = steps(clock, 1, 40, 40)
    assert [line.split(",")[0] for line in lines] == [
        "teacher: step 15 of 40", "teacher: step 30 of 40", "teacher: step 40 of 40"]
    assert lines[-1] == "teacher: step 40 of 40, about 0 s left; loss 0.5"


def test_what_is_counted_in_larger_pieces_is_told_too(clock):
    stream = io.StringIO()
    with Console(stream).progress("real", 500, done=0, unit="image") as update:
        for number in (100, 200, 500):
            clock.now += 20.0
            update(number, {"images_per_s": 5.0})
    assert stream.getvalue().splitlines() == [
        "real: image 100 of 500, about 80 s left; images_per_s 5",
        "real: image 200 of 500, about 60 s left; images_per_s 5",
        "real: image 500 of 500, about 0 s left; images_per_s 5"]


def test_lines_come_only_with_losses(clock):
    lines = steps(clock, 1, 40, 100, every=10)
    assert [line.split(",")[0] for line in lines] == ["teacher: step 20 of 100", "teacher: step 40 of 100"]


def test_the_rest_is_told_from_the_time_a_step_takes(clock):
    # 20 steps of 2 s, 80 to go.
    assert "step 20 of 100, about 160 s left" in steps(clock, 1, 20, 100, seconds=2.0, every=20)[0]


def test_a_training_that_goes_on_counts_its_own_steps_alone(clock):
    # Steps 881 to 900 took 2 s each, so the 100 left take 200 s, whatever was done before.
    assert "step 900 of 1000, about 200 s left" in steps(clock, 881, 900, 1000, seconds=2.0, every=20)[0]


def test_at_most_four_losses_are_shown(clock):
    stream = io.StringIO()
    with Console(stream).progress("x", 1) as update:
        update(1, {name: number / 3 for number, name in enumerate("abcdef")})
    assert stream.getvalue().endswith("a 0, b 0.3333, c 0.6667, d 1, ...\n")


def test_a_terminal_gets_a_bar():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    with Console(stream).progress("students", 3) as update:
        for step in (1, 2, 3):
            update(step, {"pixel_loss": 0.25})
    assert "students" in stream.getvalue() and "3/3" in stream.getvalue()
