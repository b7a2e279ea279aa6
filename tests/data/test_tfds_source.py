"""A tiny prepared copy of each set, written by tensorflow-datasets itself; no network."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from kgan.data import celeba, cifar10, cifar100, mnist, tfds_source
from kgan.errors import InputError


def prepare(root, name, splits):
    """Write `splits` (name -> list of examples) under root as the builder `name` would."""
    real = tfds.builder(name, data_dir=root)
    with tfds.core.registered.skip_registration():

        class Tiny(tfds.core.GeneratorBasedBuilder):
            VERSION = tfds.core.Version(str(real.version))

            def _info(self):
                return tfds.core.DatasetInfo(builder=self, features=real.info.features)

            def _split_generators(self, dl_manager):
                return {split: self._generate_examples(rows) for split, rows in splits.items()}

            def _generate_examples(self, rows):
                yield from enumerate(rows)

    Tiny.name = name
    Tiny(data_dir=root).download_and_prepare()


@pytest.fixture
def offline(monkeypatch):
    """Asking for the network fails at once and is counted."""
    import requests

    asked = []

    def refuse(url, **_):
        asked.append(url)
        raise requests.exceptions.ConnectionError("no route")

    monkeypatch.setattr(requests, "head", refuse)
    return asked


def noise(count, *shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), np.uint8)


@pytest.fixture(scope="module")
def mnist_dir(tmp_path_factory):
    root = tmp_path_factory.mktemp("mnist")
    rows = [{"image": x, "label": i % 10} for i, x in enumerate(noise(13, 28, 28, 1))]
    prepare(root, "mnist", {"train": rows[:8], "test": rows[8:]})
    return root


def test_mnist_is_padded(mnist_dir, offline):
    images = mnist.load(split="train+test", data_dir=mnist_dir)
    assert offline == []  # what is prepared is read without a question to the network
    assert images.images.shape == (13, 32, 32, 1)
    by_content = {x.tobytes(): i % 10 for i, x in enumerate(noise(13, 28, 28, 1))}
    labels = [by_content[x[2:30, 2:30].tobytes()] for x in images.images]
    np.testing.assert_array_equal(images.labels, labels)
    assert images.images[:, :2].max() == images.images[:, :, 30:].max() == 0
    assert images.source == "tensorflow-datasets mnist/3.0.1"


def test_mnist_size_channels_and_split_expression(mnist_dir):
    images = mnist.load(64, split="train[:50%]", data_dir=mnist_dir, channels=3)
    assert images.images.shape == (4, 64, 64, 3)
    small = mnist.load(32, split="train[:50%]", data_dir=str(mnist_dir))
    assert images.images.mean(dtype=float) == pytest.approx(small.images.mean(dtype=float), rel=0.02)
    assert small.split == "train[:50%]"


def test_cifar10(tmp_path):
    pixels = noise(5, 32, 32, 3)
    rows = [{"id": f"i{i}", "image": x, "label": i + 3} for i, x in enumerate(pixels)]
    prepare(tmp_path, "cifar10", {"train": rows, "test": rows[:2]})
    images = cifar10.load(data_dir=tmp_path)
    np.testing.assert_array_equal(images.images, pixels[images.labels - 3])
    assert images.class_names[3] == "cat"
    assert cifar10.load(64, split="test", data_dir=tmp_path).images.shape == (2, 64, 64, 3)


def test_cifar100(tmp_path):
    pixels = noise(5, 32, 32, 3)
    rows = [{"id": f"i{i}", "image": x, "label": 20 * i, "coarse_label": i} for i, x in enumerate(pixels)]
    prepare(tmp_path, "cifar100", {"train": rows, "test": rows[:2]})
    images = cifar100.load(data_dir=tmp_path)
    np.testing.assert_array_equal(images.images, pixels[images.labels // 20])
    assert sorted(images.labels) == [0, 20, 40, 60, 80]
    assert images.num_classes == 100 and len(set(images.class_names)) == 100
    # coarse classes by their published numbers: aquatic mammals, flowers, vehicles 2
    names = np.array(images.class_names)
    assert list(names[[4, 30, 55, 72, 95]]) == ["beaver", "dolphin", "otter", "seal", "whale"]
    assert list(names[[54, 62, 70, 82, 92]]) == ["orchid", "poppy", "rose", "sunflower", "tulip"]
    assert list(names[[41, 69, 81, 85, 89]]) == ["lawn_mower", "rocket", "streetcar", "tank", "tractor"]
    assert cifar100.load(16, split="test", data_dir=tmp_path).images.shape == (2, 16, 16, 3)


def test_celeba_crops_and_crosses_two_attributes(tmp_path):
    features = tfds.builder("celeb_a", data_dir=tmp_path).info.features
    rows = []
    for i in range(4):
        pixels = np.full((218, 178, 3), 255, np.uint8)  # white above and below the central square
        pixels[20:198] = 40 * i + 20
        attributes = dict.fromkeys(features["attributes"], False) | {"Male": i >= 2, "Smiling": i % 2 == 1}
        rows.append(
            {
                "image": pixels,
                "attributes": attributes,
                "landmarks": dict.fromkeys(features["landmarks"], 0),
                "identity": dict.fromkeys(features["identity"], 0),
            }
        )
    prepare(tmp_path, "celeb_a", {"train": rows})
    images = celeba.load(16, data_dir=tmp_path)
    assert images.images.shape == (4, 16, 16, 3)
    assert sorted(images.labels) == [0, 1, 2, 3]
    for pixels, label in zip(images.images.astype(int), images.labels, strict=True):
        assert np.abs(pixels[1:-1] - (40 * label + 20)).max() <= 3  # JPEG
    assert images.class_names[2] == "male, not smiling"


@pytest.mark.parametrize(
    ("load", "folder"),
    [(mnist.load, "mnist/3.0.1"), (cifar10.load, "cifar10/3.0.2"), (cifar100.load, "cifar100/3.0.2"),
     (celeba.load, "celeb_a/2.1.0")],
)
def test_without_network_one_line_says_what_to_do(load, folder, tmp_path, offline):
    with pytest.raises(InputError) as caught:
        load(data_dir=tmp_path)
    message, name = str(caught.value), folder.split("/")[0]
    assert "\n" not in message
    for part in (str(tmp_path / folder), offline[0], f"tfds build {name}", f"--data-dir {tmp_path}"):
        assert part in message
    assert list(tmp_path.iterdir()) == []  # nothing half there


def test_a_download_that_breaks_off_is_one_line_too(tmp_path, monkeypatch):
    monkeypatch.setattr(tfds_source, "_unreachable", lambda url: None)

    def fail(self, **_):
        raise OSError("the line\nwent dead")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    with pytest.raises(InputError, match="OSError: the line") as caught:
        mnist.load(data_dir=tmp_path)
    assert "\n" not in str(caught.value)


def test_wrong_splits(mnist_dir):
    for wrong in ("validation", "train[", "train[:x%]"):
        with pytest.raises(InputError, match=r"there are (test, train|train, test)"):
            mnist.load(split=wrong, data_dir=mnist_dir)
    with pytest.raises(InputError, match="holds no image"):
        mnist.load(split="train[:0%]", data_dir=mnist_dir)
    with pytest.raises(InputError, match="split must be text"):
        mnist.load(split=None, data_dir=mnist_dir)


def test_damaged_files_are_named(tmp_path):
    rows = [{"image": x, "label": i} for i, x in enumerate(noise(6, 28, 28, 1))]
    prepare(tmp_path, "mnist", {"train": rows})
    (record,) = (tmp_path / "mnist" / "3.0.1").glob("*.tfrecord*")
    record.write_bytes(record.read_bytes()[:-100])
    with pytest.raises(InputError, match="cannot read mnist from"):
        mnist.load(data_dir=tmp_path)


def test_data_dir_must_be_a_folder(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="must be a folder"):
        mnist.load(data_dir=tmp_path / "file")


def test_celeba_label():
    male, smiling = tf.constant([False, False, True, True]), tf.constant([False, True, False, True])
    np.testing.assert_array_equal(celeba.label(male, smiling), [0, 1, 2, 3])
