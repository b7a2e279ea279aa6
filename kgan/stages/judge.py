"""The run's own measures: a small classifier of the recipe's data, and scores of generators on it."""

import json
from functools import cached_property
from pathlib import Path

import keras

from kgan.data.pictures import of_image_set
from kgan.errors import InputError
from kgan.files import write_json
from kgan.metrics.classifier import Extractor, train_classifier
from kgan.metrics.options import Options
from kgan.metrics.protocol import protocol
from kgan.metrics.sampler import Sampler
from kgan.metrics.score import chunks_of, gather, measures_of
from kgan.stages.real_images import REFERENCES, RealImages, spill_folder
from kgan.stages.training import load_network, run_latents, save_network
from kgan.training.noise import fold_seed

NETWORK = "classifier"
METRICS = ("is", "fid", "precision_recall", "density_coverage", "vol")


def features(data, *, steps):
    """Stage: trains the classifier whose features and logits the measures stand on.

    It is an instrument: its training does not depend on the run's seed, so that on one kind of machine
    the runs of several seeds are measured with the same one.

    Args:
        data: callable that gives the labelled `ImageSet`.
        steps: of its training.
    """
    def run(work):
        images = data()
        if images.num_classes < 2:
            raise InputError(f"{images.name} has no labels: there is nothing to train the measures' classifier on")
        with work.console.progress("features", steps) as progress:
            model, accuracy = train_classifier(images, steps=steps, seed=0, callbacks=[_Watch(work.stop, progress)])
        work.stop.check()  # a stop ends the training early: such a classifier is not kept
        save_network(work, NETWORK, model)
        write_json(work.folder / "classifier.json", {"held_out_accuracy": accuracy, "steps": steps})
        work.console.say(f"features: the classifier names {accuracy:.1%} of held-out images rightly")

    return run


class _Watch(keras.callbacks.Callback):
    """Shows the progress of a training that has no checkpoints, and ends it when a stop was asked for."""

    def __init__(self, stop, progress):
        super().__init__()
        self.stop, self.progress = stop, progress

    def on_train_batch_end(self, batch, logs=None):
        self.progress(batch + 1)
        if self.stop.signal is not None:
            self.model.stop_training = True


class Judge:
    """Measures generators of a run on the classifier of its stage `features`.

    Args:
        work: the stage's `Work`.
        data: the `ImageSet` whose images are the real ones.
        num_samples: generated images a network is measured on.
    """

    def __init__(self, work, data, num_samples):
        self.work, self.data, self.num_samples = work, data, num_samples
        self.seed, self._cache = fold_seed(work.seed, "shuffle"), work.run_dir / REFERENCES
        # The run's own classifier has few features; where images are even fewer, the protocol says so.
        self.options = Options(METRICS, min(10, max(num_samples // 10, 1)), self.seed, few=True)

    @cached_property
    def extractor(self):
        """The run's, as `run_extractor`."""
        return run_extractor(self.work.run_dir, lambda: self.data)

    @cached_property
    def _real_images(self):
        return RealImages.of(of_image_set(self.data)).measure(self.extractor, self.options, self._cache)

    @property
    def real(self):
        """Statistics of the real images, `score.Gathered`; kept in the run."""
        return self._real_images.gathered

    def real_measures(self):
        """The real images' own measures, by name; no distance among them, nor a score of fewer images than splits."""
        return self._real_images.measures(self.options)

    def images(self, generator):
        """The images a generator is measured on, uint8, from the latents all networks of the run share."""
        sampler = Sampler(generator)
        return sampler.images_of(run_latents(self.work, self.num_samples, sampler.latent_dim))

    def measures(self, images):
        """Measures of generated uint8 images [N, H, W, C] by name."""
        found = gather(chunks_of(images), len(images), self.extractor, self.options, keep="few",
                       folder=spill_folder(self._cache))
        return measures_of(found, self.real, self.extractor, self.options)

    @property
    def headline(self):
        """Names of the score (more is better) and the distance (less is better) that decide."""
        return {"score": f"is_{self.extractor.name}", "distance": f"fd_{self.extractor.name}"}

    def protocol(self):
        """How the numbers came about."""
        found = protocol(self.extractor, self.options, num_fake=self.num_samples, num_real=len(self.data),
                         real_split=self.data.split)
        found["extractor"]["held_out_accuracy"] = held_out_accuracy(self.work.run_dir)
        return found | {"sampling_seed": fold_seed(self.work.seed, "evaluation")}


def own_extractor(run_dir, evaluation):
    """The classifier that a run trained for its measures; InputError where it has none.

    Args:
        evaluation: the `Evaluation` among its stages, or None.
    """
    if evaluation is None:
        raise InputError(f"{run_dir} has no classifier of its own to measure generators with: give --features")
    return run_extractor(run_dir, evaluation.data)


def run_extractor(run_dir, data):
    """The classifier that the stage `features` of a run left, under a name that no one can take for Inception.

    Args:
        data: callable that gives the `ImageSet`, for its name.
    """
    return Extractor(load_network(run_dir, NETWORK), f"{data().name}_cnn")


def held_out_accuracy(run_dir):
    """Of the run's own classifier."""
    record = json.loads((Path(run_dir) / "features" / "classifier.json").read_text(encoding="utf-8"))
    return record["held_out_accuracy"]
