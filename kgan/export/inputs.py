"""What a network is fed for calibration, parity and latency, and the law it follows in words."""

import numpy as np

from kgan.errors import InputError

# name -> (text, draw(rng, shape) -> float32 array)
LAWS = {
    "normal": ("N(0, I)", lambda rng, shape: rng.standard_normal(shape, dtype=np.float32)),
    "uniform": ("U(-1, 1)", lambda rng, shape: rng.uniform(-1.0, 1.0, shape).astype(np.float32)),
}


class Inputs:
    """Draws batches for a network: `inputs(count, seed) -> {input name: array [count, ...]}`.

    Args:
        model: a functional model.
        law: without `draw`, one of `LAWS`, for a network of one float input; with `draw`, the law in words.
        draw: `draw(count, seed) -> {input name: array [count, ...]}`; the same seed gives the same arrays,
            different seeds independent ones.

    Raises:
        InputError: the network's inputs do not allow a default, a shape is open, or `law` does not fit.
    """

    def __init__(self, model, law="normal", draw=None):
        self._specs = {tensor.name: (tuple(tensor.shape[1:]), tensor.dtype) for tensor in model.inputs}
        self.law = law
        self._draw = draw
        for name, (shape, _) in self._specs.items():
            if None in shape:
                raise InputError(f"export: the input {name!r} has the open shape {shape}; fix it")
        if draw is not None:
            if not law or law in LAWS:
                raise InputError(
                    f"export: latents_law is {law!r} but inputs draws the batches; say their law in words, "
                    "e.g. 'latents N(0, I), labels uniform over 0..9'"
                )
            self.text = law
            return
        if law not in LAWS:
            raise InputError(f"export: latents_law must be one of {', '.join(LAWS)}; received {law!r}")
        if len(self._specs) != 1 or not next(iter(self._specs.values()))[1].startswith("float"):
            raise InputError(
                f"export: the network takes {self.described()}, for which there is no default law; "
                "pass inputs, a function of (count, seed) that returns {name: array}"
            )
        ((_, (shape, _)),) = self._specs.items()
        self.text = f"{LAWS[law][0]}, float32 [{', '.join(['batch', *map(str, shape)])}]"

    def described(self):
        """`[{"name", "shape", "dtype"}]`, the batch size as None."""
        return [
            {"name": name, "shape": [None, *shape], "dtype": dtype}
            for name, (shape, dtype) in self._specs.items()
        ]

    def __call__(self, count, seed):
        """Draw `count` samples; equal seeds give equal samples. Arrays have the network's dtypes."""
        if self._draw is None:
            rng = np.random.default_rng(seed)
            return {name: LAWS[self.law][1](rng, (count, *shape)) for name, (shape, _) in self._specs.items()}
        drawn = self._draw(count, seed)
        if not isinstance(drawn, dict) or set(drawn) != set(self._specs):
            received = sorted(drawn) if isinstance(drawn, dict) else type(drawn).__name__
            raise InputError(f"export: inputs must return {sorted(self._specs)} by name; received {received}")
        arrays = {}
        for name, (shape, dtype) in self._specs.items():
            arrays[name] = np.asarray(drawn[name]).astype(dtype)
            if arrays[name].shape != (count, *shape):
                raise InputError(
                    f"export: inputs({count}, {seed}) returned {name!r} of shape {arrays[name].shape}; "
                    f"the network takes {(count, *shape)}"
                )
        return arrays


def batches(arrays, size):
    """Cut `{name: array [N, ...]}` into a list of dicts of at most `size` samples."""
    count = len(next(iter(arrays.values())))
    return [{name: a[i : i + size] for name, a in arrays.items()} for i in range(0, count, size)]

