"""The run's own measures: a small classifier of its data or a network given, and scores of generators on it."""

import dataclasses
import json
from functools import cached_property
from pathlib import Path

import keras

from kgan.data.image_files import some_of
from kgan.data.pictures import of_image_set
from kgan.errors import InputError
from kgan.files import whole_file, write_json
from kgan.metrics.classifier import Extractor, train_classifier
from kgan.metrics.clusters import cluster
from kgan.metrics.extractor import load_extractor
from kgan.metrics.options import Options, measure_name
from kgan.metrics.protocol import protocol
from kgan.metrics.sampler import Sampler
from kgan.metrics.score import chunks_of, gather, measures_of
from kgan.stages.real_images import REFERENCES, RealImages, spill_folder
from kgan.stages.training import load_network, run_latents, save_network
from kgan.training.noise import fold_seed

NETWORK = "classifier"
GIVEN = "given.json"  # of the stage `features`: the network from outside that the run is measured with
LEFT_OUT = "left_out.txt"  # likewise: names of the files that cannot be read, one a line
METRICS = ("is", "fid", "precision_recall", "density_coverage", "vol")


def features(data, *, steps, batch_size=None, given=None):
    """Stage: the network whose features and logits the measures stand on; a classifier that is trained here.

    It is an instrument: its training does not depend on the run's seed, so that on one kind of machine
    the runs of several seeds are measured with the same one. Where the images have no labels, it learns to
    tell k-means clusters of them apart (`kgan.metrics.clusters`), and measures are named after these. It also says
    which files of the images cannot be read: no other stage does.

    Args:
        data: callable that gives the `ImageSet`.
        steps: of its training.
        batch_size: of the trainings that follow: fewer images are refused here, before anything is trained.
        given: a network from outside in its place, as `extractor.load_extractor` takes it; None for none.
    """
    def run(work):
        images = data()
        if batch_size is not None:
            images.batches_per_epoch(batch_size)
        if given is not None:
            _keep_given(work, given, images)
            return
        images, learned, facts = _with_classes(images)
        _tell_left_out(work, images)
        with work.console.progress("features", steps) as progress:
            model, accuracy = train_classifier(images, steps=steps, seed=0, callbacks=[_Watch(work.stop, progress)])
        work.stop.check()  # a stop ends the training early: such a classifier is not kept
        save_network(work, NETWORK, model)
        write_json(work.folder / "classifier.json", {"held_out_accuracy": accuracy, "steps": steps} | facts)
        (work.folder / GIVEN).unlink(missing_ok=True)  # of the same run with another setting
        work.console.say(f"features: the classifier of {learned} names {accuracy:.1%} of held-out images rightly")

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
    """Measures generators of a run on what its stage `features` left.

    Args:
        work: the stage's `Work`.
        data: the `ImageSet` whose images are the real ones.
        num_samples: generated images a network is measured on.
        compared_with: what the images of `data` are, in words, where they are no real ones.
    """

    def __init__(self, work, data, num_samples, compared_with=None):
        self.work, self.data, self.num_samples, self.compared_with = work, data, num_samples, compared_with
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
        return sampler.images_of(run_latents(self.work, self.num_samples, sampler.latent_dim, sampler.latents_law))

    def measures(self, images):
        """Measures of generated uint8 images [N, H, W, C] by name."""
        found = gather(chunks_of(images), len(images), self.extractor, self.options, keep="few",
                       folder=spill_folder(self._cache))
        return measures_of(found, self.real, self.extractor, self.options)

    @property
    def headline(self):
        """Names of the score (more is better) and the distance (less is better) that decide."""
        return {"score": f"is_{self.extractor.name}", "distance": measure_name("fid", self.extractor.name)}

    def protocol(self):
        """How the numbers came about."""
        found = protocol(self.extractor, self.options, num_fake=self.num_samples, num_real=len(self.data),
                         real_split=self.data.split)
        found["extractor"] |= classifier_facts(self.work.run_dir)
        if self.compared_with:
            del found["real_split"]
            found |= {"compared_with": self.compared_with, "num_compared_with": found.pop("num_real")}
        return found | {"sampling_seed": fold_seed(self.work.seed, "evaluation")}


def own_extractor(run_dir, evaluation):
    """The extractor that a run is measured with, as `run_extractor`; InputError where it has none.

    Args:
        evaluation: the `Evaluation` among its stages, or None.
    """
    if evaluation is None:
        raise InputError(f"{run_dir} has no classifier of its own to measure generators with: give --features")
    return run_extractor(run_dir, evaluation.data)


def run_extractor(run_dir, data):
    """What the stage `features` of a run left: the classifier trained there, or the network given to it.

    The classifier is called `<data>_cnn`, or `<data>_clusters_cnn` where it learned clusters in place of classes:
    no one can take either for Inception.

    Args:
        data: callable that gives the `ImageSet`, for its name.

    Raises:
        InputError: the network given is not there any more, or it is another one by now.
    """
    record = Path(run_dir) / "features" / GIVEN
    if not record.is_file():
        images = data()
        kind = "cnn" if _has_classes(images) else "clusters_cnn"
        return Extractor(load_network(run_dir, NETWORK), f"{images.name}_{kind}")
    given = json.loads(record.read_text(encoding="utf-8"))
    extractor = load_extractor(given["features"])
    if extractor.sha256 != given["weights_sha256"]:
        raise InputError(f"{given['features']} has other weights than when {run_dir} was begun to be measured with it: "
                         "put the former network back, or choose another --run-dir")
    return extractor


def classifier_facts(run_dir):
    """What protocols say besides of the classifier that a run trained; empty for a network from outside."""
    folder = Path(run_dir) / "features"
    if (folder / GIVEN).is_file():
        return {}
    record = json.loads((folder / "classifier.json").read_text(encoding="utf-8"))
    return {name: record[name] for name in ("held_out_accuracy", "classes") if name in record}


def _has_classes(images):
    """Whether the labels of an `ImageSet` tell anything apart."""
    return images.num_classes > 1


def _with_classes(images):
    """(the images with classes to learn, what these are in words, what is to be kept of where they come from)."""
    if _has_classes(images):
        names = f" ({some_of(images.class_names)})" if images.class_names else ""
        return images, f"{images.num_classes} classes{names}", {}
    images = dataclasses.replace(images, labels=cluster(images.images), class_names=())
    learned = f"{images.num_classes} k-means clusters of the images, for want of labels"
    return images, f"{learned},", {"classes": learned}


def _tell_left_out(work, images):
    """Names the files that cannot be read: the first to the person, all of them in a file."""
    names = images.left_out
    if not names:
        return
    path = work.folder / LEFT_OUT
    with whole_file(path) as file:
        file.write("".join(f"{name}\n" for name in names).encode("utf-8", "surrogateescape"))
    work.console.say(f"{images.source}; {len(names)} cannot be read and are left out: {some_of(names)} (all of them: "
                     f"{path})")


def _keep_given(work, text, images):
    """Writes down which network from outside it is, once that is seen to serve."""
    extractor = load_extractor(text)
    if extractor.num_features is None or extractor.num_logits is None:
        missing = "logits" if extractor.num_logits is None else "features"
        raise InputError(f"the setting features names a network without {missing}: a run's measures need an output "
                         f"called features and one called logits; {text} gives no {missing}")
    extractor.extract(images.images[:1])
    _tell_left_out(work, images)
    write_json(work.folder / GIVEN, {"features": text, "weights_sha256": extractor.sha256})
    work.console.say(f"features: measures stand on {extractor.name} ({text})")
