"""The run's own measures: a small classifier of the recipe's data, and scores of generators on it."""

import json
from functools import cached_property

import keras

from kgan.errors import InputError
from kgan.files import write_json
from kgan.metrics.classifier import Extractor, train_classifier
from kgan.metrics.evaluate import RealStatistics, measure, protocol
from kgan.metrics.sampler import Sampler
from kgan.stages.training import load_network, run_latents, save_network
from kgan.training.noise import fold_seed

NETWORK = "classifier"


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
        self.seed = fold_seed(work.seed, "shuffle")

    @cached_property
    def extractor(self):
        """The classifier, under a name that no one can take for Inception."""
        return Extractor(load_network(self.work.run_dir, NETWORK), f"{self.data.name}_cnn")

    @cached_property
    def real(self):
        """Statistics of the real images."""
        splits = min(10, max(self.num_samples // 10, 1))
        return RealStatistics.of(self.data.images, self.extractor, seed=self.seed, split=self.data.split,
                                 num_splits=splits)

    def images(self, generator):
        """The images a generator is measured on, uint8, from the latents all networks of the run share."""
        sampler = Sampler(generator)
        return sampler.images_of(run_latents(self.work, self.num_samples, sampler.latent_dim))

    def measures(self, images):
        """Measures of generated uint8 images [N, H, W, C] by name."""
        return measure(images, self.extractor, self.real, seed=self.seed)

    @property
    def headline(self):
        """Names of the score (more is better) and the distance (less is better) that decide."""
        return {"score": f"is_{self.extractor.name}", "distance": f"fd_{self.extractor.name}"}

    def protocol(self):
        """How the numbers came about."""
        record = json.loads((self.work.run_dir / "features" / "classifier.json").read_text(encoding="utf-8"))
        found = protocol(self.extractor, self.real, num_fake=self.num_samples, seed=self.seed,
                         held_out_accuracy=record["held_out_accuracy"])
        return found | {"sampling_seed": fold_seed(self.work.seed, "evaluation")}
