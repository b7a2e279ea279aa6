"""Export of a network: fold, convert, check against the Keras model, measure, write, register."""

import contextlib
import hashlib
import re
import tempfile
from pathlib import Path

import keras
import numpy as np

from kgan.errors import InputError
from kgan.export import pixels
from kgan.export.fold import fold, functional_view
from kgan.export.folder import REGISTER, claim, flush_tree, folder_kib, read_register
from kgan.export.inputs import Inputs, batches
from kgan.export.parity import checked_parity
from kgan.export.runtime import Runner, check_threads, latency
from kgan.export.saved_model import run_saved_model, write_saved_model
from kgan.export.snippet import loading_snippet
from kgan.export.tflite import QUANTISATIONS, check_quantize, convert_saved_model
from kgan.files import remove_parts, whole_file, whole_path, write_json

CALIBRATION_SAMPLES = 256
PARITY_SAMPLES = 256
_BATCH = 32


def export_network(
    model,
    folder,
    *,
    name,
    run,
    quantize=QUANTISATIONS,
    saved_model=True,
    latents_law="normal",
    inputs=None,
    output=None,
    output_range=(-1.0, 1.0),
    image_output="float32",
    threads=1,
    seed=0,
):
    """Export a network as `<folder>/<name>.<quantize>.tflite` files and the SavedModel `<folder>/<name>/`.

    Batch norm is folded first. Every file is run on `PARITY_SAMPLES` samples that calibration has not seen
    and compared with the Keras model as it was handed in; a file that is far off (`parity.TOLERANCES`)
    raises, and then nothing is written. Latency is measured on this machine at batch 1 for about 0.15 s a
    file. Everything appears under its final name only when whole, and `export.json` lists it last. Equal
    weights, seed and packages give equal TFLite files. One process at a time may export into a folder.

    Args:
        model: a built functional or Sequential network; not changed. A network trained in bfloat16 leaves in
            float32, and is then compared with itself computed in float32.
        folder: the run's export folder; created when missing.
        name: the network's name, the stem of the files.
        run: the run's name; a folder of another run is refused.
        quantize: one of `tflite.QUANTISATIONS` or several of them; at least one.
        saved_model: whether to leave the SavedModel too.
        latents_law: without `inputs` "normal" (N(0, I)) or "uniform" (U(-1, 1)), for networks of one float
            input; with `inputs` their law in words, which is put into the register.
        inputs: `inputs(count, seed) -> {input name: array [count, ...]}` for networks with several or integer
            inputs (labels); called with `seed` for calibration and `seed + 1` for parity and latency.
        output: which output leaves, by name, for networks whose outputs are a dict (features beside the
            image); needed when there are several.
        output_range: the range the outputs lie in, (-1, 1) for images behind tanh; None for networks whose
            outputs are unbounded (logits). Checked on the parity samples.
        image_output: what the TFLite files give: "float32", or "uint8" for pixels of 0..255 (`kgan.export.pixels`),
            which the register then names as their output_range. The SavedModel gives floats either way.
        threads: the interpreter's CPU threads in the latency measurement.
        seed: of the calibration and parity samples.

    Returns:
        The register's new entries of TFLite files, in the order of `quantize`: dicts with network, quantize,
        file, size_kib, parameters (of `model`, all weights), weights_sha256, parity_max_abs and
        parity_mean_abs (units of the network's output, for images of [-1, 1]; uint8 images are compared with the
        network's own in pixels, a grey level being 1/127.5), parity_samples, latency_p50_ms, latency_p95_ms,
        latency_runs, latency_batch, threads, inputs, latents_law, output, output_range.

    Raises:
        InputError: an argument does not fit, the folder belongs to another run, TFLite has no operator for a
            layer, a file is too far off, or uint8 is asked for of a network that gives no such images.
    """
    kinds = _checked_kinds(name, quantize)
    check_threads(threads)
    pixels.check_image_output(image_output)
    as_pixels = image_output == "uint8"
    folder = Path(folder)
    register = read_register(folder, run)
    network = _single_output(functional_view(model, output))
    if as_pixels:
        pixels.check_images(network, output_range)
    feed = Inputs(network, latents_law, inputs)
    held_out = feed(PARITY_SAMPLES, seed + 1)
    mixed = any(layer.compute_dtype != "float32" for layer in _layers(network))
    reference = fold(network, dtype="float32", batch_norm=False) if mixed else network
    expected = _run_keras(reference, held_out)
    _check_range(expected, output_range)
    folded = fold(network, dtype="float32" if mixed else None)
    common = {
        "network": name,
        "parameters": network.count_params(),
        "weights_sha256": weights_sha256(network),
        "parity_samples": PARITY_SAMPLES,
        "inputs": feed.described(),
        "latents_law": feed.text,
        "output_range": None if output_range is None else list(output_range),
    }
    of_files = common | ({"output_range": list(pixels.PIXEL_RANGE)} if as_pixels else {})
    wanted = pixels.to_pixels(expected) if as_pixels else expected

    remove_parts(folder)
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        temporary = stack.enter_context(whole_path(folder / name)) if saved_model else scratch / name
        write_saved_model(folded, temporary)
        sources = _sources(kinds, temporary, folded, scratch / "pixels" / name if as_pixels else None)
        contents, entries, saved_entries = [], [], []
        if saved_model:
            saved_entries.append(_saved_model_entry(temporary, held_out, expected, common))
        for kind, source in sources.items():
            calibration = batches(feed(CALIBRATION_SAMPLES, seed), _BATCH) if kind == "int8" else None
            contents.append(convert_saved_model(source, kind, calibration, uint8_output=as_pixels))
            entries.append(_file_entry(contents[-1], kind, held_out, wanted, threads, of_files))
        files = [entry["file"] for entry in entries + saved_entries]
        claim(folder, register, name, common["weights_sha256"], files)
        if saved_model:
            flush_tree(temporary)

    for entry, content in zip(entries, contents, strict=True):
        with whole_file(folder / entry["file"]) as file:
            file.write(content)
    for kind, new in (("files", entries), ("saved_models", saved_entries)):
        register[kind] = sorted(register[kind] + new, key=_order)
    first = entries[0]
    register["loading_snippet"] = loading_snippet(first["file"], feed, first["output"], output_range, seed)
    write_json(folder / REGISTER, register)
    return entries


def weights_sha256(model):
    """SHA-256 over the values of all weights in their order: which training state this is."""
    digest = hashlib.sha256()
    for weight in model.weights:
        digest.update(np.ascontiguousarray(keras.ops.convert_to_numpy(weight)).tobytes())
    return digest.hexdigest()


def _checked_kinds(name, quantize):
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) or name == REGISTER:
        raise InputError(
            f"export: a network's name is made of letters, digits, '.', '_' and '-'; received {name!r}"
        )
    kinds = (quantize,) if isinstance(quantize, str) else tuple(quantize)
    for kind in kinds:
        check_quantize(kind)
    if not kinds or len(set(kinds)) != len(kinds):
        raise InputError(f"export: name each wanted quantisation once; received quantize={quantize!r}")
    return kinds


def _single_output(network):
    outputs = network._outputs_struct
    if isinstance(outputs, dict) and len(outputs) > 1:
        raise InputError(
            f"export: the network {network.name!r} has the outputs {sorted(outputs)}; name the one to export"
        )
    if len(network.outputs) != 1:
        raise InputError(
            f"export: the network {network.name!r} has {len(network.outputs)} unnamed outputs; "
            "export a model of one output or of named outputs"
        )
    return keras.Model(network._inputs_struct, network.outputs[0], name=network.name)


def _layers(model):
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _layers(layer)


def _run_keras(model, arrays):
    results = []
    for batch in batches(arrays, _BATCH):
        fed = keras.tree.map_structure(lambda tensor, batch=batch: batch[tensor.name], model._inputs_struct)
        results.append(keras.ops.convert_to_numpy(model(fed, training=False)))
    return np.concatenate(results)


def _check_range(outputs, output_range):
    if not np.all(np.isfinite(outputs)):
        raise InputError("export: the network's outputs are not finite; its training has diverged")
    if output_range is not None:
        low, high = output_range
        slack = 1e-3 * (high - low)
        if outputs.min() < low - slack or outputs.max() > high + slack:
            raise InputError(
                f"export: the network's outputs lie in [{outputs.min():.3g}, {outputs.max():.3g}], not in "
                f"[{low:g}, {high:g}]; end it with the activation of that range or pass output_range"
            )


def _sources(kinds, floats, folded, ending_in_pixels):
    """{kind: path of the SavedModel that it is converted from}: `floats`, or one that is written here.

    With a path `ending_in_pixels`, that is of all kinds but int8, whose output is made of pixels by the converter.
    """
    own = {kind: ending_in_pixels for kind in kinds if ending_in_pixels is not None and kind != "int8"}
    if own:
        write_saved_model(pixels.with_pixels(folded), ending_in_pixels)
    return {kind: own.get(kind, floats) for kind in kinds}


def _saved_model_entry(path, held_out, expected, common):
    (received,) = run_saved_model(path, held_out).values()
    measured = checked_parity("saved_model", path.name, expected, received)
    return {**common, "file": path.name, "size_kib": round(folder_kib(path), 1), **measured}


def _file_entry(content, kind, held_out, expected, threads, common):
    file = f"{common['network']}.{kind}.tflite"
    runner = Runner(content, threads, file)
    (described,) = runner.outputs()
    if expected.dtype == np.uint8:
        pixels.check_file(file, described["dtype"], runner.quantization(described["name"]))
    measured = checked_parity(kind, file, pixels.in_unit(expected), pixels.in_unit(runner(held_out)[described["name"]]))
    timed = latency(content, {key: value[:1] for key, value in held_out.items()}, threads=threads, name=file)
    return {
        **{"network": common["network"], "quantize": kind, "file": file},
        "size_kib": round(len(content) / 1024, 1),
        **common,
        **measured,
        **timed,
        # The file itself leaves sizes open that the converter cannot infer (after upsampling).
        "output": {**described, "shape": [None, *expected.shape[1:]]},
    }


def _order(entry):
    kind = entry.get("quantize")
    return entry["network"], QUANTISATIONS.index(kind) if kind else 0
