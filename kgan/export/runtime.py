"""Running a TFLite file as a phone app does: by input names, through the LiteRT interpreter."""

import contextlib
import os
import re
import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from kgan.errors import InputError
from kgan.quiet import quiet

WARM_UP_RUNS = 5
FEWEST_RUNS = 5
MOST_RUNS = 500


class Runner:
    """A loaded TFLite file.

    Args:
        file: a path, or the file's bytes.
        threads: CPU threads of the interpreter.
        name: what errors call the file; a path is its own name.

    Raises:
        InputError: there is no such file, or the interpreter cannot load it. A file that loads may still fail when it
            is run, in one of its operators or in the delegate that runs them (XNNPACK): that is an InputError, too.
    """

    def __init__(self, file, threads=1, name="the TFLite file"):
        check_threads(threads)
        source = {"model_content": bytes(file)} if isinstance(file, bytes | bytearray) else {}
        if not source:
            if not os.path.isfile(file):
                raise InputError(f"export: there is no TFLite file at {os.fspath(file)!r}; export it first")
            source = {"model_path": os.fspath(file)}
            name = repr(os.fspath(file))
        self._name = name
        with self._plain_errors("load"), quiet():
            self._interpreter = Interpreter(num_threads=threads, **source)
            self._run = self._interpreter.get_signature_runner()
        self.threads = threads

    def inputs(self):
        """What the file takes: `[{"name", "shape", "dtype"}]`, the free batch size as None."""
        return _described(self._run.get_input_details())

    def outputs(self):
        """What the file returns, in the form of `inputs`."""
        return _described(self._run.get_output_details())

    def quantization(self, name):
        """(scale, zero point) of an output whose values `q` stand for `scale * (q - zero point)`; None of any other."""
        scale, zero_point = self._run.get_output_details()[name]["quantization"]
        return (float(scale), int(zero_point)) if scale else None

    def __call__(self, inputs, batch_size=64):
        """Run `{input name: array [N, ...]}` in batches and return `{output name: array [N, ...]}`.

        Arrays are cast to the file's dtypes. Raises `InputError` when the names are not those of the file
        or the arrays hold no or unequal numbers of samples.
        """
        arrays = self._fitting(inputs)
        count = len(next(iter(arrays.values())))
        results = []
        for start in range(0, count, batch_size):
            batch = {name: value[start : start + batch_size] for name, value in arrays.items()}
            # The first run after a change of batch size reports the delegate.
            with self._plain_errors("run"), quiet():
                results.append(self._run(**batch))
        return {name: np.concatenate([result[name] for result in results]) for name in results[0]}

    def times_ms(self, inputs, seconds):
        """Milliseconds of single runs on `inputs` taken as one batch, after warm-up; see `latency`."""
        arrays = self._fitting(inputs)
        with self._plain_errors("run"), quiet():
            for _ in range(WARM_UP_RUNS):
                self._run(**arrays)
        times = []
        while len(times) < FEWEST_RUNS or (sum(times) < 1000 * seconds and len(times) < MOST_RUNS):
            start = time.perf_counter()
            self._run(**arrays)
            times.append(1000 * (time.perf_counter() - start))
        return times

    @contextlib.contextmanager
    def _plain_errors(self, what):
        """The interpreter's own errors in one line."""
        try:
            yield
        except (ValueError, RuntimeError) as error:
            text = str(error).replace("Node number", " Node number")  # it runs its messages together
            reason = re.sub(r"\s+", " ", text).strip()[:200] or type(error).__name__
            advice = "export it again" if what == "load" else (
                "replace the layer of that operator in the network, or export with another quantisation")
            raise InputError(f"export: TFLite cannot {what} {self._name} ({reason}): {advice}") from error

    def _fitting(self, inputs):
        details = self._run.get_input_details()
        if set(inputs) != set(details):
            raise InputError(f"export: the file takes {sorted(details)} by name; received {sorted(inputs)}")
        arrays = {name: np.asarray(value, details[name]["dtype"]) for name, value in inputs.items()}
        counts = {len(value) for value in arrays.values()}
        if len(counts) != 1 or counts == {0}:
            raise InputError(f"export: inputs need one equal number of samples; received {sorted(counts)}")
        return arrays


def latency(file, inputs, *, threads=1, seconds=0.15, name="the TFLite file"):
    """Milliseconds of one run on this machine: 50th and 95th percentile, the interpreter's overhead included.

    The first `WARM_UP_RUNS` runs are not counted. As many runs follow as fit into `seconds`, at least
    `FEWEST_RUNS`, at most `MOST_RUNS`.

    Args:
        file: a path or bytes of a TFLite file.
        inputs: `{input name: array [B, ...]}`; the batch that is timed, usually B = 1.
        threads, name: as for `Runner`.

    Returns:
        `{"latency_p50_ms", "latency_p95_ms", "latency_runs", "latency_batch", "threads"}`.
    """
    times = Runner(file, threads, name).times_ms(inputs, seconds)
    p50, p95 = np.percentile(times, [50, 95])
    return {
        "latency_p50_ms": float(p50),
        "latency_p95_ms": float(p95),
        "latency_runs": len(times),
        "latency_batch": len(next(iter(inputs.values()))),
        "threads": threads,
    }


def check_threads(threads):
    """Raise `InputError` unless `threads` is a positive integer."""
    if not isinstance(threads, int) or isinstance(threads, bool) or threads < 1:
        raise InputError(f"export: threads must be a positive integer; received {threads!r}")


def _described(details):
    return [
        {
            "name": name,
            "shape": [None if size < 0 else int(size) for size in detail["shape_signature"]],
            "dtype": np.dtype(detail["dtype"]).name,
        }
        for name, detail in details.items()
    ]
