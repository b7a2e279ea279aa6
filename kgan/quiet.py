"""Silence for libraries that write to the terminal from C++; exceptions pass. Every room may import it."""

import contextlib
import io
import logging
import os
import sys
import tempfile
import warnings


@contextlib.contextmanager
def quiet():
    """Swallow what is written to stdout and stderr, also from C++, and Python's warnings.

    An exception passes with the last lines of the swallowed text as a note. File descriptors belong to the
    whole process, so the output of other threads is swallowed too while the block runs.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    with tempfile.TemporaryFile() as sink:
        saved = {descriptor: os.dup(descriptor) for descriptor in (1, 2)}
        try:
            for descriptor in saved:
                os.dup2(sink.fileno(), descriptor)
            text = io.StringIO()
            redirected = contextlib.redirect_stdout(text), contextlib.redirect_stderr(text)
            with redirected[0], redirected[1], warnings.catch_warnings():
                warnings.simplefilter("ignore")
                yield
        except Exception as error:
            sink.seek(0)
            lines = sink.read().decode(errors="replace").splitlines()[-10:]
            if lines:
                error.add_note("the library had written:\n" + "\n".join(lines))
            raise
        finally:
            for descriptor, copy in saved.items():
                os.dup2(copy, descriptor)
                os.close(copy)


def load_tensorflow():
    """Imports TensorFlow silently; its Python warnings stay off the terminal afterwards.

    Before its log level is read it writes lines about missing GPUs that mean nothing to a person who has
    none. Exceptions pass.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with quiet():
        import tensorflow  # noqa: F401


def start_tensorflow(op_threads=None):
    """Has TensorFlow look for devices, silently, with `op_threads` threads for one operation (None: all cores).

    Where many small networks are trained side by side, one thread an operation and an operation a core is
    faster than all cores on each operation in turn. Nothing happens if TensorFlow has started already.
    """
    import tensorflow as tf

    with quiet(), contextlib.suppress(RuntimeError):  # it had started
        if op_threads:
            tf.config.threading.set_intra_op_parallelism_threads(op_threads)
        tf.config.list_logical_devices()
