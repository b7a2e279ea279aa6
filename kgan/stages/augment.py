"""Stage: what generated images with labels are worth to a classifier that has few real ones."""

import numpy as np

from kgan.data.image_set import ImageSet
from kgan.errors import InputError
from kgan.files import write_json
from kgan.metrics.classifier import Extractor, train_classifier
from kgan.metrics.sampler import Sampler
from kgan.stages.training import load_network, read_registers, run_latents
from kgan.training.noise import fold_seed


def augment(train, test, *, role, num_generated, steps, repeats):
    """Trains a classifier on few real images, on those with generated ones, and on the generated ones alone.

    Args:
        train, test: callables that give the labelled `ImageSet` of few images to learn from and of others to
            be tested on.
        role: of the run's generators that take labels; each makes an equal share of the images.
        num_generated: images they make in all, of the classes in turn.
        steps: of each classifier's training, whatever it learns from.
        repeats: classifiers a kind, from different seeds; their accuracies are averaged.

    Writes `augment.json` in the stage's folder.
    """
    def run(work):
        real, held_out = train(), test()
        made = _generated(work, real, role, num_generated)
        kinds = {"real": real, "real and generated": _joined(real, made), "generated": made}
        found = {kind: [] for kind in kinds}
        for kind, images in kinds.items():
            for repeat in range(repeats):
                work.stop.check()
                seed = fold_seed(work.seed, "augment", repeat)
                model, _ = train_classifier(images, steps=steps, seed=seed)
                _, logits = Extractor(model, "augment").extract(held_out.images)
                found[kind].append(float(np.mean(logits.argmax(axis=1) == held_out.labels)))
        for kind, values in found.items():
            spread = f" +- {np.std(values, ddof=1):.2%}" if repeats > 1 else ""
            work.console.say(f"augment: {kind} ({len(kinds[kind])} images): accuracy {np.mean(values):.2%}{spread}")
        write_json(work.folder / "augment.json", {
            "accuracy": found, "images": {kind: len(images) for kind, images in kinds.items()},
            "tested_on": len(held_out)})

    return run


def _generated(work, real, role, num):
    names = [entry["name"] for entry in read_registers(work.run_dir) if entry["role"] == role]
    images, labels = [], []
    for place, name in enumerate(names):
        sampler = Sampler(load_network(work.run_dir, name))
        if sampler.num_classes != real.num_classes:
            raise InputError(f"{name} makes images of {sampler.num_classes} classes, the data have {real.num_classes}")
        latents = run_latents(work, num, sampler.latent_dim)[place :: len(names)]
        images.append(sampler.images_of(latents))
        labels.append(sampler.labels_of(len(latents)))
    return ImageSet(f"{real.name}_generated", np.concatenate(images), np.concatenate(labels), real.class_names)


def _joined(one, other):
    return ImageSet(one.name, np.concatenate([one.images, other.images]), np.concatenate([one.labels, other.labels]),
                    one.class_names)
