"""t-SNE keeps neighbours together, whatever is refused."""

import numpy as np
import pytest

from kgan.errors import InputError
from kgan.metrics.embedding import tsne


def test_two_far_groups_stay_apart():
    generator = np.random.default_rng(0)
    features = np.concatenate([generator.normal(size=(20, 6)), 40.0 + generator.normal(size=(15, 6))])
    points = tsne(features, seed=1)
    assert points.shape == (35, 2) and points.dtype == np.float32
    np.testing.assert_array_equal(points, tsne(features, seed=1))
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1) + np.diag([np.inf] * 35)
    nearest = distances.argmin(axis=1)
    assert ((nearest < 20) == (np.arange(35) < 20)).all()


@pytest.mark.parametrize("features", [np.zeros((4, 3)), np.zeros(9), np.full((9, 3), np.nan)])
def test_what_has_no_embedding_is_refused(features):
    with pytest.raises(InputError, match="finite features"):
        tsne(features, seed=0)
