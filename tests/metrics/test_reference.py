"""Statistics of real images in a file: the same numbers again, reused only for exactly what they were made of."""

import json
import zipfile

import numpy as np
import pytest
from made_up import assert_refused
from toy_extractor import ToyExtractor, pictures

from kgan.metrics.options import Options
from kgan.metrics.reference import describe, read_reference, reference_key, reference_of
from kgan.metrics.score import chunks_of, gather, measures_of

REAL, FAKE = pictures(50, 1), pictures(40, 2, brightness=0.8)
DATA = {"name": "toy", "num": 50, "sha256": "abc", "shape": [4, 4, 1]}


def made(cache, extractor=None, data=None, keep="few", **settings):
    extractor = extractor or ToyExtractor()
    return reference_of(chunks_of(REAL), data or DATA, extractor, Options(**settings), cache=cache, keep=keep,
                        labels=np.arange(50) % 2)


def test_a_file_gives_the_same_measures_and_is_reused(tmp_path):
    extractor, options = ToyExtractor(), Options(subsets=3, subset_size=20)
    fresh, path, reused = made(tmp_path, extractor, subsets=3, subset_size=20)
    assert not reused and path.parent == tmp_path and path.name.startswith("toy-") and extractor.seen == 50
    again, same, reused = made(tmp_path, extractor, subsets=3, subset_size=20)
    assert reused and same == path and extractor.seen == 50
    fake = gather(chunks_of(FAKE), 40, extractor, options, keep="few")
    one, other = (measures_of(fake, real, extractor, options) for real in (fresh, again))
    assert one == other and "fd_toy" in one
    assert (again.num, again.score, again.vol) == (fresh.num, fresh.score, fresh.vol)
    np.testing.assert_array_equal(again.labels, np.arange(50) % 2)


@pytest.mark.parametrize("change", [
    {"seed": 1}, {"splits": 5}, {"keep": "all"}, {"extractor": ToyExtractor(seed=1)},
    {"data": DATA | {"sha256": "abd"}},
])
def test_whatever_it_depends_on_makes_another_file(change, tmp_path):
    _, path, _ = made(tmp_path)
    before = path.read_bytes()
    _, other, reused = made(tmp_path, **change)
    assert other != path and not reused
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 2


def test_the_file_describes_itself_and_holds_no_pickle(tmp_path):
    _, path, _ = made(tmp_path)
    with np.load(path, allow_pickle=False) as arrays:
        stored = {name: arrays[name] for name in arrays.files}
    description = json.loads(str(stored["description"]))
    assert description == describe(DATA, ToyExtractor(), Options())
    assert path.name == f"toy-{reference_key(description)}.npz"
    features = ToyExtractor().features_of(REAL)
    np.testing.assert_allclose(stored["mean"], features.mean(axis=0, dtype=float), rtol=1e-6)
    np.testing.assert_allclose(stored["covariance"], np.cov(features.T.astype(float)), rtol=1e-6)
    np.testing.assert_array_equal(stored["features"], features)


def test_the_same_images_give_the_same_bytes(tmp_path):
    one, other = (made(tmp_path / name)[1] for name in "ab")
    assert one.read_bytes() == other.read_bytes()


def test_statistics_made_otherwise_are_refused(tmp_path):
    _, path, _ = made(tmp_path)
    expected = describe(DATA, ToyExtractor(), Options())
    assert read_reference(path, expected).num == 50
    with assert_refused("seed is 0, asked for is 4"):
        read_reference(path, describe(DATA, ToyExtractor(), Options(seed=4)))
    with assert_refused("extractor.weights_sha256 is"):
        read_reference(path, describe(DATA, ToyExtractor(seed=2), Options()))
    with assert_refused("data.num is 50, asked for is 49"):
        read_reference(path, describe(DATA | {"num": 49}, ToyExtractor(), Options()))


def test_damaged_files_are_refused(tmp_path):
    _, path, _ = made(tmp_path)
    whole = path.read_bytes()
    place = whole.index(ToyExtractor().features_of(REAL[3:4]).tobytes())  # within the features
    for damaged in (whole[: len(whole) // 2], b"", whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]):
        path.write_bytes(damaged)
        with assert_refused("does not hold reference statistics that can be read"):
            read_reference(path)
    with assert_refused("there is no file"):
        read_reference(tmp_path / "none.npz")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mean.npy", b"x")
    with assert_refused("does not hold reference statistics that can be read"):
        read_reference(path)


def test_a_cache_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with assert_refused("the reference statistics cannot be kept in"):
        made(tmp_path / "file" / "below")
