"""The four gates at the start, in the middle and at the end of a training."""

import pytest

from kgan.errors import InputError
from kgan.methods.gates import gate_ends, gate_value


@pytest.mark.parametrize("name, values", [
    ("through", (1.0, 1.0, 1.0, 1.0)),
    ("cutoff", (0.0, 0.0, 0.0, 0.0)),
    ("positive_linear", (0.0, 0.25, 0.5, 1.0)),
    ("negative_linear", (1.0, 0.75, 0.5, 0.0)),
])
def test_values_at_start_quarter_middle_and_end(name, values):
    assert tuple(gate_value(name, progress) for progress in (0.0, 0.25, 0.5, 1.0)) == values
    assert gate_ends(name) == (values[0], values[-1])


@pytest.mark.parametrize("name", ["open", "Through", None, ("through",), ["through"]])
def test_an_unknown_gate_is_refused_with_the_known_ones(name):
    with pytest.raises(InputError) as caught:
        gate_value(name, 0.5)
    assert str(caught.value) == (
        f"a gate is one of through, cutoff, positive_linear, negative_linear; received {name!r}")


@pytest.mark.parametrize("progress", [-0.01, 1.01, float("nan")])
def test_a_progress_out_of_range_is_refused(progress):
    with pytest.raises(InputError, match="0, 1"):
        gate_value("through", progress)
