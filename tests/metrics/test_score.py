"""One pass over images: each is seen once, and every measure is the one that its own function gives."""

import tracemalloc
from unittest import mock

import numpy as np
import pytest
from made_up import assert_refused
from toy_extractor import ToyExtractor, pictures

from kgan.metrics import score
from kgan.metrics.classifier import Extractor, build_classifier
from kgan.metrics.frechet import frechet_distance
from kgan.metrics.inception_score import inception_score
from kgan.metrics.kernel_distance import kernel_distance
from kgan.metrics.manifold import manifold
from kgan.metrics.moments import Moments
from kgan.metrics.options import METRICS, Options, measure_name
from kgan.metrics.score import chunks_of, gather, intra_class_distance, measures_of
from kgan.metrics.sharpness import variance_of_laplacian

REAL, FAKE = pictures(60, 1), pictures(45, 2, brightness=0.8)
LABELS = np.arange(60) % 2, np.arange(45) % 3 % 2


def test_every_measure_in_one_pass(tmp_path):
    extractor = ToyExtractor()
    options = Options(METRICS, splits=4, seed=3, subsets=5, subset_size=20)
    sets = [gather(chunks_of(images), len(images), extractor, options, keep="all", labels=labels, folder=tmp_path)
            for images, labels in zip((REAL, FAKE), LABELS, strict=True)]
    assert extractor.seen == 105  # each image once
    found = measures_of(sets[1], sets[0], extractor, options)
    real, fake = (extractor.features_of(images) for images in (REAL, FAKE))
    mean, std = inception_score(fake @ extractor.heads.astype(np.float32), 4, 3)
    kernel = kernel_distance(real, fake, subsets=5, subset_size=20, seed=3)
    near = manifold(real, fake, precision_recall=3, density_coverage=5)
    by_class = [frechet_distance(*(Moments.of(part[labels == label]) for part, labels in
                                   zip((real, fake), LABELS, strict=True))) for label in (0, 1)]
    expected = {
        "is_toy": mean, "is_toy_std": std, "fd_toy": frechet_distance(Moments.of(real), Moments.of(fake)),
        "mmd_toy": kernel[0], "mmd_toy_std": kernel[1], "precision_toy": near["precision"],
        "recall_toy": near["recall"], "density_toy": near["density"], "coverage_toy": near["coverage"],
        "intra_fd_toy": np.mean(by_class), "vol": variance_of_laplacian(FAKE).mean()}
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-5), name
    assert found["fd_toy"] > 0.01 and found["mmd_toy"] > 0.001  # the sets differ


@pytest.mark.parametrize("size", [1, 13, 100])
def test_measures_do_not_depend_on_the_batch_size(size):
    options, found = Options(splits=3), []
    for batch_size in (size, 7):
        extractor = ToyExtractor(batch_size=batch_size)
        sets = [gather(chunks_of(images), len(images), extractor, options, keep="few") for images in (REAL, FAKE)]
        found.append(measures_of(sets[1], sets[0], extractor, options))
    assert found[0].keys() == found[1].keys()
    for name, value in found[0].items():
        assert value == pytest.approx(found[1][name], rel=1e-6, abs=1e-9), name


def test_measures_on_a_network_do_not_depend_on_the_batch_size():
    """To 1e-4: convolutions of other batch sizes round otherwise."""
    network, options, found = build_classifier((8, 8, 1), 3, seed=2), Options(splits=3, few=True), []
    for batch_size in (5, 64):
        extractor = Extractor(network, "toy")
        extractor.batch_size = batch_size
        sets = [gather(chunks_of(pictures(50, seed, (8, 8, 1), brightness)), 50, extractor, options, keep="few")
                for seed, brightness in ((1, 1.0), (2, 0.6))]
        found.append(measures_of(sets[1], sets[0], extractor, options))
    assert found[0]["fd_toy"] > 1e-4
    for name, value in found[0].items():
        assert value == pytest.approx(found[1][name], rel=1e-4), name


def test_only_what_is_asked_for_is_kept_and_computed():
    extractor = ToyExtractor()
    found = gather(chunks_of(FAKE), 45, extractor, Options(("vol",)), keep="none")
    assert extractor.seen == 0 and found.features is None and found.moments is None
    assert measures_of(found, None, extractor, Options(("vol",))) == {"vol": found.vol}
    found = gather(chunks_of(FAKE), 45, extractor, Options(("is", "fid")), keep="none")
    assert found.features is None and found.moments.num == 45
    assert set(measures_of(found, None, extractor, Options(("is", "fid")))) == {"is_toy", "is_toy_std"}


def test_single_features_are_looked_at_of_so_many_images_at_most(monkeypatch):
    monkeypatch.setattr(score, "MOST", 20)
    extractor, options = ToyExtractor(), Options(("precision_recall",), seed=5)
    few, whole = (gather(chunks_of(REAL), 60, extractor, options, keep=keep) for keep in ("few", "all"))
    assert len(few.features) == 20 and len(whole.features) == 60
    chosen = np.sort(np.random.default_rng(5).permutation(60)[:20])
    for found in (few, whole):
        np.testing.assert_array_equal(found.few_rows(5)[:], extractor.features_of(REAL[chosen]))


def test_the_references_neighbours_are_looked_for_once():
    extractor = ToyExtractor()
    real, fake = (gather(chunks_of(images), len(images), extractor, Options(("density_coverage",)), keep="few")
                  for images in (REAL, FAKE))
    with mock.patch.object(score, "nearest_others", wraps=score.nearest_others) as looked:
        for counted, options in enumerate((Options(("density_coverage",)), Options(("density_coverage",)),
                                           Options(("precision_recall",))), 1):
            found = measures_of(fake, real, extractor, options)
            assert looked.call_count == (1, 1, 2)[counted - 1]  # the last asks for fewer neighbours
    assert found["precision_toy"] == manifold(real.features, fake.features)["precision"]


def test_memory_does_not_grow_with_the_images(tmp_path):
    """What Python and numpy allocate; the features alone would take 1 MiB a thousand images."""
    options, peaks = Options(("is", "fid", "precision_recall", "vol"), splits=2), {}
    for num in (1000, 3000):
        extractor = ToyExtractor(width=256, batch_size=100)

        def chunks(size, num=num):
            return (pictures(min(size, num - start), start) for start in range(0, num, size))

        tracemalloc.start()
        sets = [gather(chunks, num, extractor, options, keep="few", folder=tmp_path) for _ in range(2)]
        measures_of(sets[1], sets[0], extractor, options)
        peaks[num] = tracemalloc.get_traced_memory()[1] / 2**20
        tracemalloc.stop()
    assert peaks[3000] < 1.05 * peaks[1000] + 0.2, peaks


def test_names_of_measures():
    assert measure_name("fid", "inception") == "fid_inception"
    assert measure_name("kid_std", "inception") == "kid_inception_std"
    assert [measure_name(name, "digits_cnn") for name in ("fid", "kid_std", "intra_fid", "is")] == [
        "fd_digits_cnn", "mmd_digits_cnn_std", "intra_fd_digits_cnn", "is_digits_cnn"]


def test_progress_is_told_and_may_end_the_pass():
    told = []
    gather(chunks_of(FAKE), 45, ToyExtractor(batch_size=20), Options(("is",)), keep="none", progress=told.append)
    assert told == [20, 40, 45]


def test_tfgans_own_functions_agree():
    extractor, found = ToyExtractor(), []
    for backend in ("kgan", "tfgan"):
        options = Options(("is", "fid", "kid", "vol"), splits=3, subsets=1, subset_size=45, backend=backend)
        sets = [gather(chunks_of(images), len(images), extractor, options, keep="few") for images in (REAL[:45], FAKE)]
        found.append(measures_of(sets[1], sets[0], extractor, options))
    for name in ("is_toy", "is_toy_std", "fd_toy", "mmd_toy", "vol"):
        assert found[0][name] == pytest.approx(found[1][name], rel=1e-5), name


def test_intra_class_distance_wants_labels_and_the_same_classes():
    extractor, options = ToyExtractor(), Options(("intra_fid",))

    def gathered(images, labels):
        return gather(chunks_of(images), len(images), extractor, options, keep="all", labels=labels)

    with assert_refused("the images have no labels: leave intra_fid out"):
        intra_class_distance(gathered(REAL, LABELS[0]), gathered(FAKE, None))
    with assert_refused("class 2 has images on one side only"):
        intra_class_distance(gathered(REAL, LABELS[0]), gathered(FAKE, np.arange(45) % 3))
    rare = np.where(np.arange(45) < 4, 0, 1)
    with assert_refused("intra-class FID, class 0:"):
        intra_class_distance(gathered(REAL, LABELS[0]), gathered(FAKE, rare))
    assert intra_class_distance(gathered(REAL, LABELS[0]), gathered(FAKE, rare), few=True) > 0


def test_refusals(monkeypatch):
    with assert_refused("metrics must be some of is, fid, kid, precision_recall"):
        Options(("is", "lpips"))
    with assert_refused("metrics must be some of is, fid, kid, vol; received 'intra_fid'"):
        Options(("intra_fid",), backend="tfgan")
    with assert_refused("backend must be kgan or tfgan"):
        Options(backend="torch")
    with assert_refused("splits must be a whole number of at least 1; received 0"):
        Options(splits=0)
    with assert_refused("extractor 'toy' gives no logits, which IS needs"):
        gather(chunks_of(FAKE), 45, ToyExtractor(logits=False), Options(("is",)), keep="none")
    with assert_refused("there are 45 images where 46 were announced"):
        gather(chunks_of(FAKE), 46, ToyExtractor(), Options(("fid",)), keep="none")
    with assert_refused("more images than the 44 announced"):
        gather(chunks_of(FAKE), 44, ToyExtractor(), Options(("fid",)), keep="none")
    found = gather(chunks_of(FAKE), 45, ToyExtractor(), Options(("fid",)), keep="none")
    monkeypatch.setattr(score, "frechet_distance", lambda *pair, few: np.nan)
    with assert_refused("fd_toy came out NaN or infinite; that is no score"):
        measures_of(found, found, ToyExtractor(), Options(("fid",)))
