"""TF-GAN's measures on a current TensorFlow.

`import tensorflow_gan` fails on TensorFlow 2.16 and later (its package file wants `tf.estimator`), though
the one module that holds the measures is sound. It is loaded here alone, below bare parents that have
a search path but whose package files never run. It imports TensorFlow Probability, 1 to 2 s on top of
TensorFlow's own import, hence the loading on first use.
"""

import functools
import importlib
import importlib.util
import sys
import types
from pathlib import Path

_PARENTS = ("tensorflow_gan", "tensorflow_gan.python", "tensorflow_gan.python.eval")


@functools.cache
def classifier_metrics():
    """TF-GAN's module `tensorflow_gan.python.eval.classifier_metrics`.

    The bare parents stay in `sys.modules`: within this process `tensorflow_gan` has nothing else to
    offer. A package that is already there is left alone.

    Raises:
        ModuleNotFoundError: tensorflow-gan is not installed.
    """
    if "tensorflow_gan" not in sys.modules:
        spec = importlib.util.find_spec("tensorflow_gan")  # finds a top-level package without running it
        if spec is None:
            raise ModuleNotFoundError("tensorflow-gan is not installed; run `pip install tensorflow-gan`")
        root = Path(next(iter(spec.submodule_search_locations)))
        for name in _PARENTS:
            parent = types.ModuleType(name)
            parent.__path__ = [str(root.joinpath(*name.split(".")[1:]))]
            sys.modules[name] = parent
    return importlib.import_module("tensorflow_gan.python.eval.classifier_metrics")
