"""Stage: measures the images that a run's TFLite files themselves make, beside those of the networks they come from."""

import hashlib

import numpy as np

from kgan.cores import usable_cores
from kgan.data import image
from kgan.errors import InputError
from kgan.export.export import weights_sha256
from kgan.export.fold import functional_view
from kgan.export.folder import read_register
from kgan.export.runtime import Runner
from kgan.files import write_json
from kgan.metrics.sampler import Sampler
from kgan.stages.judge import Judge
from kgan.stages.training import load_network, read_registers, run_latents

FILE = "files.json"
_KEPT = ("network", "quantize", "file", "size_kib", "latency_p50_ms", "latency_p95_ms", "latency_batch", "threads",
         "weights_sha256")
_CHUNK = 256  # images between two looks at whether the run is to stop


def measure_files(data, num_samples, compared_with=None):
    """Stage: writes `files.json`, which says what quantisation costs in quality, bytes and milliseconds.

    The files are those of the run's generators in its export's register. Each makes images of the latents that all
    networks of the run share, and the run's `Judge` measures them. Beside them stands the Keras network of the same
    weights, measured anew, so that a difference is the file's alone. A file that was made of weights which the run
    no longer has is left out, and a line says so.

    `files.json` holds `protocol` and `headline` as metrics.json does; `networks`, measures by name of a Keras network;
    and `files`, a dict a file: network, quantize, file, bytes, sha256, image_output (the file's dtype), host and
    latencies as the export found them, and `measures`.

    Args:
        data: callable that gives the `ImageSet` of real images.
        num_samples: images a file is measured on.
        compared_with: as for `Judge`.
    """
    def run(work):
        judge = Judge(work, data(), num_samples, compared_with)
        register = read_register(work.export_dir, work.run_id)
        made = {}
        for file in register["files"]:
            made.setdefault(file["network"], []).append(file)
        networks, files = {}, []
        with work.console.progress(work.folder.name, len(register["files"])) as progress:
            for entry in read_registers(work.run_dir):
                if "predicts" in entry or entry["name"] not in made:
                    continue
                network = load_network(work.run_dir, entry["name"])
                current = _current(made[entry["name"]], network, work)
                if not current:
                    continue
                sampler = Sampler(network)
                latents = run_latents(work, num_samples, sampler.latent_dim, sampler.latents_law)
                networks[entry["name"]] = judge.measures(judge.images(network))
                for file in current:
                    path = work.export_dir / file["file"]
                    measures = judge.measures(images_of(path, network, latents, work.stop.check))
                    files.append(_facts(file, path, register["host"]) | {"measures": measures})
                    progress(len(files))
        if not files:
            raise InputError(f"{work.export_dir} lists no TFLite file of the generators in {work.run_dir}: export them")
        write_json(work.folder / FILE, {"protocol": judge.protocol(), "headline": judge.headline, "networks": networks,
                                        "files": files})

    return run


def images_of(path, network, latents, check=lambda: None):
    """uint8 images [N, H, W, C] that a TFLite file makes of latents [N, latent_dim]; a file of pixels gives its own.

    A generator that takes labels gets them as its `Sampler` has them: the classes in turn.

    Args:
        path: of the file.
        network: the generator that it was made of, which says what its inputs are called.
        check: called between two parts of the work; what it raises ends it.

    Raises:
        InputError: there is no such file, it takes something else, or it gives NaN or infinite values.
    """
    sampler = Sampler(network)
    inputs = {"latents": latents, "labels": sampler.labels_of(len(latents))} if sampler.conditional else {
        network.inputs[0].name: latents}
    runner = Runner(path, threads=usable_cores())
    (output,) = runner.outputs()
    images = []
    for start in range(0, len(latents), _CHUNK):
        check()
        found = runner({name: values[start : start + _CHUNK] for name, values in inputs.items()})[output["name"]]
        images.append(found if found.dtype == np.uint8 else image.to_uint8(found))
    return np.concatenate(images)


def _current(files, network, work):
    """Those of a network's files that were made of its weights."""
    weights = weights_sha256(functional_view(network))  # as the export takes it
    current = [file for file in files if file["weights_sha256"] == weights]
    for file in files:
        if file not in current:
            work.console.say(f"{work.folder.name}: {file['file']} was made of other weights than the run has now: "
                             "left out")
    return current


def _facts(file, path, host):
    content = path.read_bytes()
    return {name: file[name] for name in _KEPT} | {
        "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest(), "host": file.get("host", host),
        "image_output": file["output"]["dtype"]}
