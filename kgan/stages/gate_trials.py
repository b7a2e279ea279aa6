"""Trials of gates for a search: one traced step serves them all."""

import random

from kgan.methods.graph import with_gates
from kgan.metrics.classifier import Extractor, train_classifier
from kgan.metrics.options import Options
from kgan.metrics.sampler import Sampler
from kgan.metrics.score import chunks_of, gather, measures_of
from kgan.stages.checks import check_numbers
from kgan.stages.training import image_batches
from kgan.training.noise import fold_seed


class GateTrials:
    """Trains a graph's generators under the gates of each trial; a trial is determined by its gates and its seed.

    Networks, optimisers and the traced step are made for the first trial and started anew in place for each
    further one. The classifier that the measures stand on is trained once, in the same way in every process.

    Args:
        data: callable that gives the labelled `ImageSet`.
        collaborative: a `GraphMaker`.
        sizes: each generator's size.
        edges: of the graph; a trial sets their gates.
        steps, batch_size: of a trial's training; linear gates rise and fall over its own length.
        features_steps: of the classifier's training.
        num_samples: generated images a generator is measured on.
    """

    def __init__(self, data, collaborative, sizes, edges, *, steps, batch_size, features_steps, num_samples):
        check_numbers(num_samples, steps=steps, batch_size=batch_size, features_steps=features_steps)
        self.collaborative, self.sizes, self.edges = collaborative, sizes, edges
        self.images, self.steps, self.batch_size, self.num_samples = data(), steps, batch_size, num_samples
        classifier, _ = train_classifier(self.images, steps=features_steps, seed=0)
        self.extractor = Extractor(classifier, f"{self.images.name}_cnn")
        self.options = Options(("is", "fid"), few=True)
        self.real = gather(chunks_of(self.images.images), len(self.images), self.extractor, self.options, keep="none")
        self.method, self.samplers = None, {}

    def __call__(self, values, seed, share=1.0, trial_id=None):
        """The best generator's score as "objective", each one's score and the least Frechet distance.

        Args:
            values: dict with "gates", a gate an edge.
            seed: determines weights, latents and batches.
            share: of the steps that this trial trains for, in (0, 1].
        """
        steps = max(round(self.steps * share), 1)
        self._start(values["gates"], seed, steps)
        batches = image_batches(self.images, self.batch_size, seed, len(self.sizes))(0)
        self.method.fit(batches, steps_per_epoch=steps, verbose=0, shuffle=False)
        measures = {name: self._measures(sampler(self.num_samples, fold_seed(seed, "evaluation")))
                    for name, sampler in self.samplers.items()}
        scores = {f"is_{name}": found[f"is_{self.extractor.name}"] for name, found in measures.items()}
        distance = min(found[f"fd_{self.extractor.name}"] for found in measures.values())
        return {"objective": max(scores.values()), **scores, "fd_best": distance}

    def _measures(self, images):
        found = gather(chunks_of(images), len(images), self.extractor, self.options, keep="none")
        return measures_of(found, self.real, self.extractor, self.options)

    def _start(self, gates, seed, steps):
        # Initialisers draw their seeds from here. `keras.utils.set_random_seed` would also clear TensorFlow's cache of
        # functions, and the next step would wait for a second.
        random.seed(seed)
        if self.method is None:
            self.method = self.collaborative(self.sizes, self.edges, seed)
            outputs = self.method.network_outputs()
            self.samplers = {name: Sampler(outputs[f"generator_{name}"]) for name in self.method.names}
        else:
            generators, discriminator = self.collaborative.networks(self.sizes)
            fresh = {f"generator_{name}": network for name, network in generators.items()}
            self.method.restart(fresh | {"discriminator": discriminator}, seed)
        self.method.set_gates([edge.gate for edge in with_gates(self.edges, gates)], steps)
