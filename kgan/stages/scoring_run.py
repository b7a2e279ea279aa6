"""What the command `evaluate` does with a run: scores every generator in it."""

import dataclasses
import functools
import hashlib
import json
import time
from pathlib import Path

from kgan.data.pictures import of_image_set
from kgan.errors import InputError
from kgan.files import write_json
from kgan.metrics.sampler import Sampler
from kgan.recipe import Recipe, find_recipe
from kgan.run import read_description
from kgan.stages.evaluate import Evaluation
from kgan.stages.judge import classifier_facts, own_extractor
from kgan.stages.real_images import RealImages
from kgan.stages.scoring import document_of, gathered, wanted
from kgan.stages.training import load_network, read_registers
from kgan.training.noise import fold_seed

EVALUATIONS = "evaluations"  # the folder of a run


def score_run(run_dir, reference, request, names=(), data_dir=None):
    """(document of measures of a run's generators, its file below `<run>/evaluations`).

    Args:
        reference: a folder, an array or a file of statistics, as for `scoring.score_images`; None takes the images
            that the run's own evaluation compares with.
        request: a `scoring.Request`.
        names: of the networks, `<name>_best` for best weights chosen on held-out images; all that make images unless
            given.
        data_dir: where data sets lie; None takes the run's setting.
    """
    began, run_dir = time.perf_counter(), Path(run_dir)
    entries = _generators(run_dir, names)
    evaluation = evaluation_of(run_dir, data_dir)
    if reference is None and evaluation is None:
        raise InputError(f"{run_dir} compares no generators with real images: name a folder of such images after it")
    num = request.num_samples or (evaluation.num_samples if evaluation else None)
    if num is None:
        raise InputError(f"{run_dir} does not say how many images to measure: give --num-samples")
    options = request.options(True, num)
    real = RealImages.of(of_image_set(evaluation.data())) if reference is None else RealImages.open(
        reference, request.image_size, request.channels)
    extractor = wanted(request.extractor or (lambda: own_extractor(run_dir, evaluation)), options)
    seed = fold_seed(read_description(run_dir).get("seed", 0), "evaluation")
    sampled = [Sampled(load_network(run_dir, entry["name"]), num, seed, real.facts["classes"]) for entry in entries]
    for images in sampled:
        real.check(images, extractor, options)
    real.measure(extractor, options, request.cache, request.console)
    found = {}
    for entry, images in zip(entries, sampled, strict=True):
        part = gathered(entry["name"], images.chunks, num, extractor, options, images.labels, request)
        facts = {name: entry[name] for name in ("role", "parameters", "weights", "steps") if name in entry}
        found[entry["name"]] = part, facts | {"num_samples": num}
    document = document_of(found, real, extractor, options, num, began)
    document["protocol"]["sampling_seed"] = seed
    if reference is None:
        document["protocol"]["real_split"] = evaluation.data().split
    if extractor is not None and not request.extractor:
        document["protocol"]["extractor"] |= classifier_facts(run_dir)
    text = json.dumps(document["protocol"], sort_keys=True)
    name = f"{extractor.name if extractor else 'images'}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    path = run_dir / EVALUATIONS / f"{name}.json"
    write_json(path, document)
    return document, path


def evaluation_of(run_dir, data_dir=None):
    """The `Evaluation` among the stages of a run's recipe, whose `data` loads once; None where it has none."""
    description = read_description(run_dir)
    file = Path(description.get("file", ""))
    recipe = Recipe(file if file.is_file() else find_recipe(description["recipe"]))
    known = recipe.settings()
    settings = known | {name: tuple(value) if isinstance(value, list) else value
                        for name, value in description["settings"].items() if name in known}
    if data_dir is not None and "data_dir" in settings:
        settings["data_dir"] = data_dir
    stages = (stage.function for stage in recipe.stages(settings))
    found = next((stage for stage in stages if isinstance(stage, Evaluation)), None)
    return found and dataclasses.replace(found, data=functools.cache(found.data))


class Sampled:
    """`num` images of a generator, made when asked for, from the latents that the run itself measures it with.

    Args:
        class_names: of the real images, in the order of their labels.

    Attributes:
        image_shape: (H, W, C).
        labels: the classes in turn, int [num], of a generator that takes them; else None.
    """

    def __init__(self, network, num, seed, class_names=()):
        self.where, self.image_shape = f"the generator {network.name}", tuple(network.output_shape[1:])
        self._network, sampler = network, Sampler(network)
        self._latents, self._labels = sampler.latents(num, seed), sampler.labels_of(num)
        self.labels = self._labels if sampler.num_classes else None
        self.class_names = tuple(class_names) if sampler.num_classes == len(class_names) else ()

    def __len__(self):
        return len(self._latents)

    def chunks(self, size):
        """uint8 images [b, H, W, C] in turn, b <= size."""
        sampler = Sampler(self._network, size)
        for start in range(0, len(self._latents), size):
            part = slice(start, start + size)
            yield sampler.images_of(self._latents[part], self._labels[part])


def _generators(run_dir, names):
    entries = []
    for entry in read_registers(run_dir):
        if "predicts" not in entry:
            entries.append(entry)
            if "best" in entry:
                entries.append(entry | {"name": f"{entry['name']}_best", "steps": entry["best"]["step"]})
    known = [entry["name"] for entry in entries]
    unknown = [name for name in names if name not in known]
    if unknown or not known:
        raise InputError(f"{run_dir} has no generator{f' {unknown[0]!r}' if unknown else ''}; it has "
                         f"{', '.join(known) or 'none yet'}")
    return [entry for entry in entries if not names or entry["name"] in names]
