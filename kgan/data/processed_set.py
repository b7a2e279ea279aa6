"""Reading cGAN-KD's processed samples, of which `kgan.data.processed` tells the form, and their batches."""

import zipfile
from pathlib import Path

import numpy as np

from kgan.data import image
from kgan.data.held import epoch_batches
from kgan.data.processed import COLUMNS, KEPT, read_index, shard_path
from kgan.data.splits import shuffled_groups
from kgan.errors import InputError


class ProcessedSet:
    """The kept samples of a complete folder, in the order of the shards.

    Labels, errors and ratios are in memory; images stay on disk and are read by `images`.

    Attributes:
        labels: final labels [N], int32 or float32 in label units.
        assigned_labels: the same before adjustment.
        errors, density_ratios: float32 [N].
        index: the content of `index.json`.

    Raises:
        InputError: no such folder, one that is not complete, no kept sample, or a damaged shard.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.index = read_index(self.folder)
        if not self.index.get("complete"):
            raise InputError(f"{self.folder} is not complete; go on with the run that makes its samples")
        self._stored, parts = [], []
        for number in range(self.index["num_shards"]):
            images, columns = _open_shard(shard_path(self.folder, number))
            rows = np.flatnonzero(columns["dropped"] == KEPT)
            self._stored.append(images)
            parts.append({name: columns[name][rows] for name in COLUMNS[1:-1]}
                         | {"shard": np.full(len(rows), number), "row": rows})
        joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        if not len(joined["row"]):
            raise InputError(f"{self.folder} holds no kept sample; take a higher rho, or make more samples")
        self._adopt(joined)

    def _adopt(self, joined):
        self._joined = joined
        self.labels, self.assigned_labels = joined["final_labels"], joined["assigned_labels"]
        self.errors, self.density_ratios = joined["errors"], joined["density_ratios"]

    def __len__(self):
        return len(self.labels)

    @property
    def image_shape(self):
        """(H, W, C)."""
        return self._stored[0].shape[1:]

    def images(self, rows):
        """The images uint8 [k, H, W, C] of these samples, numbers in 0..N - 1, read from the disk."""
        rows = np.asarray(rows)
        images = np.empty((len(rows), *self.image_shape), np.uint8)
        shards = self._joined["shard"][rows]
        for shard in np.unique(shards):
            here = shards == shard
            images[here] = self._stored[shard][self._joined["row"][rows[here]]]
        return images

    def take(self, num, seed):
        """`num` of the samples at random, determined by `seed` and in their old order."""
        if not 1 <= num <= len(self):
            raise InputError(f"{self.folder} holds {len(self)} kept samples; received {num!r} to take")
        return self._select(np.random.default_rng(seed).permutation(len(self))[:num])

    def take_per_class(self, per_class, seed):
        """`per_class` samples of each class at random, determined by `seed` and in their old order."""
        if self.labels.dtype != np.int32:
            raise InputError(f"{self.folder} holds values, not classes; take a number of all samples")
        classes, counts = np.unique(self.labels, return_counts=True)
        if per_class < 1 or counts.min() < per_class:
            raise InputError(f"{self.folder} holds {counts.min()} kept samples of class {classes[counts.argmin()]}; "
                             f"received {per_class!r} to take of each")
        order, place, _ = shuffled_groups(self.labels, seed)
        return self._select(order[place < per_class])

    def with_assigned_labels(self):
        """The same samples under the labels that they were made for, before any replacement."""
        part = self._select(np.arange(len(self)))
        part.labels = part.assigned_labels
        return part

    def batches(self, batch_size, *, seed, start_step=0):
        """An endless tf.data.Dataset of (images float32 [batch_size, H, W, C] in [-1, 1], labels [batch_size]).

        Labels are as stored, values in label units. Order and `start_step` are as those of an `ImageSet`;
        `kgan.data.union.union_batches` mixes the samples with real images.
        """
        return streamed_batches(self.images, self.labels, self.image_shape, batch_size, seed=seed,
                                start_step=start_step, where=str(self.folder))

    def _select(self, rows):
        part = object.__new__(ProcessedSet)
        part.folder, part.index, part._stored = self.folder, self.index, self._stored
        rows = np.sort(rows)
        joined = {name: column[rows] for name, column in self._joined.items()}
        part._adopt(joined | {"final_labels": self.labels[rows]})
        return part


def streamed_batches(read, labels, image_shape, batch_size, *, seed, start_step, where, with_rows=False):
    """An endless tf.data.Dataset of images that are read batch by batch, with their labels.

    Args:
        read: int [B] -> uint8 [B, H, W, C]; called from several threads.
        labels: [N].
        image_shape: (H, W, C).
        with_rows: yield (images, labels, rows), rows int32 [B] in 0..N - 1.
    """
    import tensorflow as tf

    with tf.device("CPU:0"):
        labels = tf.constant(labels)

    def batch_of(indices):
        images = tf.numpy_function(read, [indices], tf.uint8, stateful=False)
        images = tf.ensure_shape(images, [batch_size, *image_shape])
        return (image.to_float(images), tf.gather(labels, indices), *([indices] if with_rows else []))

    return epoch_batches(len(labels), batch_size, seed=seed, start_step=start_step, batch_of=batch_of, where=where)


def _open_shard(path):
    """The images of a shard, mapped into memory, and its other columns."""
    try:
        with np.load(path) as shard:
            columns = {name: shard[name] for name in COLUMNS[1:]}
        return _mapped(path, "images"), columns
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(f"cannot read {path} ({reason}); remove it and go on with the run that makes its samples"
                         ) from None


def _mapped(path, name):
    """An array of an uncompressed npz file as a memory map: numpy itself maps npy files alone."""
    with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as member:
        version = np.lib.format.read_magic(member)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(member)
        info, header = archive.getinfo(f"{name}.npy"), member.tell()
    if info.compress_type != zipfile.ZIP_STORED or fortran:
        raise ValueError("its images are compressed")
    if 0 in shape:
        return np.empty(shape, dtype)
    with open(path, "rb") as file:
        file.seek(info.header_offset + 26)  # the local header's lengths of the name and of the extra field
        lengths = np.frombuffer(file.read(4), "<u2")
    start = info.header_offset + 30 + int(lengths.sum()) + header
    return np.memmap(path, dtype, "r", start, shape)
