"""Members trained side by side end as they would alone."""

import numpy as np
import pytest
import tiny

from kgan.errors import InputError
from kgan.methods.side_by_side import SideBySide


def test_members_end_as_when_trained_alone(untraced):
    together = SideBySide({"a": tiny.gan(1), "b": tiny.gan(2, objective="wgan_gp")})
    alone = {"a": tiny.gan(1), "b": tiny.gan(2, objective="wgan_gp")}
    history = together.fit(tiny.data().batches(4, seed=0), steps_per_epoch=3, verbose=0, shuffle=False).history
    for name, member in alone.items():
        expected = member.fit(tiny.data().batches(4, seed=0), steps_per_epoch=3, verbose=0, shuffle=False).history
        for a, b in zip(member.generator.weights, together.members[name].generator.weights, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)
        assert history[f"{name}/generator_loss"] == pytest.approx(expected["generator_loss"], rel=1e-5)
    assert together.steps_done == 3


def test_no_member_is_refused():
    with pytest.raises(InputError, match="at least one"):
        SideBySide({})
