"""What measures stand on: a frozen network that turns uint8 images into features and logits.

Three kinds are built on the class here: a small classifier of the recipe's own data
(`kgan.metrics.classifier`), anybody's saved network (`kgan.metrics.saved_classifier`) and the Inception
that published scores stand on (`kgan.metrics.inception`). Their numbers are never to be compared, which is
why each has a name of its own and a protocol.
"""

import contextlib
import re
from pathlib import Path

import numpy as np
import tensorflow as tf

from kgan.errors import InputError

INCEPTION = "inception"  # the name that FID and KID are called after; no other network may have it
OUTPUTS = {  # what a network may give, and who asks for it
    "features": "FID, KID, precision, recall, density and coverage need: leave them out of --metrics",
    "logits": "IS needs: leave is out of --metrics",
}


class Extractor:
    """A network in inference mode behind one compiled function with a fixed batch shape.

    Args:
        name: what its measures are named after, such as "digits_cnn".
        prepare: a tensor of uint8 images [B, H, W, C] -> what the network takes (resize and scaling);
            InputError for a shape it has no use for. It is called while tracing, so it sees H, W and C.
        network: prepared images -> dict with "features", "logits" or both, [B, ...]; they are flattened.
        outputs: of each of them (its name in the network, values an image).
        version: of all that determines the numbers besides the weights.
        sha256: of the weights.
        image_size: (height, width) that the network takes; None: any.
        channels: 1 or 3; None: either.
        resize, pixels: what `prepare` does, in words, for the protocol.
        batch_size: of the compiled function unless `extract` is given another.
        fixed_batch: the network takes batches of `batch_size` alone.

    Attributes:
        num_features, num_logits: values an image; None where the network gives none.
        name, version, sha256, image_size, channels, batch_size: as given.
    """

    def __init__(self, name, prepare, network, outputs, *, version, sha256, image_size, channels, resize, pixels,
                 batch_size=64, fixed_batch=False):
        self.name, self.version, self.sha256 = check_name(name), version, sha256
        self.image_size, self.channels = image_size, channels
        self.num_features, self.num_logits = (outputs[kind][1] if kind in outputs else None for kind in OUTPUTS)
        self._prepare, self._network, self._outputs = prepare, network, dict(outputs)
        self._resize, self._pixels = resize, pixels
        self.batch_size, self._fixed_batch = batch_size, fixed_batch
        self._compiled = {}

    def require(self, *, features=False, logits=False):
        """InputError in one line if the network does not give what is asked for."""
        for kind, asked in (("features", features), ("logits", logits)):
            if asked and kind not in self._outputs:
                raise InputError(f"extractor {self.name!r} gives no {kind}, which {OUTPUTS[kind]} or name the output")

    def extract(self, images, batch_size=None):
        """uint8 [N, H, W, C] -> (features [N, D] or None, logits [N, K] or None), float32, exactly N rows.

        The last batch is padded, and the padding's rows are dropped. On GPUs TF32 is off meanwhile: with it
        the features would depend on the batch size.

        Args:
            images: a numpy array.
            batch_size: of the compiled function; None takes the extractor's own. A network of a fixed batch
                size keeps to it.

        Raises:
            InputError: images of another kind, or features or logits that are NaN or infinite.
        """
        self._check_images(images)
        if batch_size is None or self._fixed_batch:
            batch_size = self.batch_size
        run = self._function(batch_size, images.shape[1:])
        found = {kind: np.empty((len(images), width), np.float32) for kind, (_, width) in self._outputs.items()}
        with _without_tf32():
            for start in range(0, len(images), batch_size):
                batch = images[start : start + batch_size]
                count = len(batch)
                if count < batch_size:
                    batch = np.pad(batch, [(0, batch_size - count), (0, 0), (0, 0), (0, 0)])
                for kind, values in run(batch).items():
                    found[kind][start : start + count] = self._checked(kind, values.numpy()[:count], images.shape[1:])
        return found.get("features"), found.get("logits")

    def protocol(self):
        """How the features come about, ready for JSON."""
        return {
            "name": self.name,
            "version": self.version,
            "weights_sha256": self.sha256,
            "resize": self._resize,
            "pixels": self._pixels,
            "outputs": {kind: f"{source} ({width})" for kind, (source, width) in self._outputs.items()},
        }

    def _function(self, batch_size, image_shape):
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise InputError(f"batch_size must be a positive whole number; received {batch_size!r}")
        key = (batch_size, *image_shape)
        if key not in self._compiled:

            @tf.function(input_signature=[tf.TensorSpec(key, tf.uint8)], autograph=False)
            def run(batch):
                outputs = self._network(self._prepare(batch))
                return {kind: tf.cast(tf.reshape(outputs[kind], (batch_size, -1)), tf.float32)
                        for kind in self._outputs}

            self._compiled[key] = run
        return self._compiled[key]

    def _check_images(self, images):
        if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or len(images) < 1:
            kind = getattr(images, "dtype", type(images).__name__)
            raise InputError(f"extract needs a uint8 array of one image or more; received {kind}")
        if images.ndim != 4 or images.shape[-1] not in (1, 3):
            raise InputError(f"extract needs images [N, H, W, C] of 1 or 3 channels; received {images.shape}")

    def _checked(self, kind, values, image_shape):
        width = self._outputs[kind][1]
        if values.shape[1] != width:
            raise InputError(f"extractor {self.name!r} gives {values.shape[1]} {kind} for an image {image_shape}, not "
                             f"{width}: they must not depend on the images' size, so name an output after its pooling")
        if not np.isfinite(values).all():
            raise InputError(f"extractor {self.name!r} gives {kind} that are NaN or infinite; no measure can stand on "
                             "them: check its weights, and the range of pixels it takes")
        return values


def load_extractor(text, *, outputs=None, pixel_range=None, cache_dir=None, sha256=None):
    """The extractor that `--features` names.

    Args:
        text: "inception"; the path of a SavedModel folder, a `.keras` or a `.tflite` file; or NAME=PATH, which
            also names its measures. "inception=PATH" is tf-gan's Inception from that folder or archive.
        outputs, pixel_range: see `saved_classifier.extractor_from`; not for Inception, whose own are known.
        cache_dir, sha256: see `inception.load_inception`; of no use to others.

    Raises:
        InputError: nothing is there, or it is none of these.
    """
    from kgan.metrics import inception, saved_classifier  # they import this module

    name, equals, path = text.partition("=")
    if not equals or Path(text).expanduser().exists():
        name, path = None, text
    if INCEPTION in (name, text):
        if outputs or pixel_range is not None:
            raise InputError("the outputs and pixels of inception are known: leave out what names them")
        return inception.load_inception(path if name else None, cache_dir=cache_dir, sha256=sha256)
    return saved_classifier.extractor_from(path, name, outputs, (-1, 1) if pixel_range is None else pixel_range)


def check_name(name):
    """The name, or InputError where no measure can be named after it."""
    if not isinstance(name, str) or not re.fullmatch("[a-z0-9_]+", name):
        raise InputError(f"an extractor's name is of a-z, 0-9 and _; received {name!r}")
    return name


@contextlib.contextmanager
def _without_tf32():
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)
