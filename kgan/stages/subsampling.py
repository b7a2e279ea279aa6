"""Stages that make the samples of cGAN-KD: feature and density-ratio networks, M1 (cDR-RS) and M2.

Source: Ding et al., "Distilling and Transferring Knowledge via cGAN-generated Samples for Image Classification and
Regression" (2021), sections 3.3 and 3.4.
"""

import numpy as np

from kgan.data.processed import (
    DROPPED_BY_M2,
    KEPT,
    REJECTED_BY_M1,
    TALLIES,
    ProcessedWriter,
    read_index,
    shard_path,
)
from kgan.errors import InputError
from kgan.files import write_json
from kgan.methods import label_filter
from kgan.methods.autoencoder import SparseAutoencoder
from kgan.methods.density_ratio import DensityRatio
from kgan.methods.rejection import RejectionSampler
from kgan.methods.supervised import Supervised
from kgan.metrics.sampler import Sampler, latents
from kgan.stages.cgan import label_embedding
from kgan.stages.tasks import predictor, task_of
from kgan.stages.training import begin_stage, load_network, save_network, train_in_run
from kgan.training.noise import fold_seed

FEATURES, RATIO = "features", "density_ratio"
FOLDER = "samples"  # of processed samples, within a stage's folder
SHARD = 2000  # images, about
EXAMPLES_A_LABEL = 2  # images that M1 rejected
_LABELLED = ("assigned_labels", "final_labels", "errors")


def features(data, network, plan):
    """Stage: trains the feature network: a classifier's, or for regression a sparse autoencoder.

    Args:
        data: callable that gives the `ImageSet` or `ValueSet`.
        network: callable that gives it; what it gives follows the task.
        plan: `kgan.stages.predictors.Plan`.
    """
    def run(work):
        images = data()
        task, seed = task_of(images), begin_stage(work, FEATURES)
        if task.name == "classification":
            method = Supervised(network(), task.loss, l2=plan.l2, augment=plan.augment, seed=seed)
        else:
            method = SparseAutoencoder(network(), l2=plan.l2, augment=plan.augment, seed=seed)
        method.compile(plan.optimizer())
        train_in_run(work, method, task.batches(plan.batch_size, seed, plan.draw), plan.steps, title=FEATURES, shown={})
        save_network(work, FEATURES, method.network)

    return run


def ratio(data, network, *, steps, batch_size, optimizer, draw="epochs", penalty=0.01, l2=1e-4, augment=None):
    """Stage: trains the density-ratio network on the features of real images and of the generator's.

    Args:
        data: callable that gives the `ImageSet` or `ValueSet`.
        network: callable, label embedding (None for classes) -> network.
        steps, batch_size: of the training.
        optimizer: callable that gives one.
        draw: of a `ValueSet`'s batches.
        penalty, l2, augment: of `DensityRatio`.
    """
    def run(work):
        images = data()
        seed = begin_stage(work, RATIO)
        method = DensityRatio(network(label_embedding(work.run_dir)), load_network(work.run_dir, "cgan"),
                              load_network(work.run_dir, FEATURES), penalty, l2, augment, seed)
        method.compile(optimizer())
        train_in_run(work, method, task_of(images).batches(batch_size, seed, draw), steps, title="density ratio",
                     shown={})
        save_network(work, RATIO, method.ratio_network)

    return run


def unprocessed(data, *, per_label, num_labels=None):
    """Stage: the generator's images as they come, `per_label` of each label.

    Args:
        data: callable that gives the `ImageSet` or `ValueSet`.
        num_labels: of regression, evenly spaced over their range; classification takes all classes.
    """
    def run(work):
        images = data()
        task = task_of(images)
        sampler, judge = Sampler(load_network(work.run_dir, "cgan")), load_network(work.run_dir, "teacher")

        def make(labels, number):
            asked = np.repeat(labels, per_label)
            seed = fold_seed(work.seed, "unprocessed", number)
            made = sampler.images_of(latents(len(asked), sampler.latent_dim, seed), asked)
            unknown = np.full(len(asked), np.nan, np.float32)
            return made, asked, unknown, None, np.full(len(labels), per_label)

        _write_samples(work, task, judge, task.labels(num_labels), per_label, make)

    return run


def subsample(data, *, per_label, burn_in, batch_size, num_labels=None, floor=1e-3, quantise_first=True, zeta=0.0):
    """Stage, module M1: `per_label` images of each label that rejection sampling by density ratios accepts.

    Args:
        data, num_labels: as for `unprocessed`.
        burn_in, batch_size, floor, quantise_first, zeta: of `RejectionSampler`.
    """
    def run(work):
        images = data()
        task = task_of(images)
        networks = (load_network(work.run_dir, name) for name in ("cgan", FEATURES, RATIO))
        sampler = RejectionSampler(*networks, batch_size=batch_size, burn_in=burn_in, floor=floor,
                                   seed=fold_seed(work.seed, "m1"), quantise_first=quantise_first, zeta=zeta)

        def make(labels, number):
            found = sampler.sample(labels, per_label, call=number, num_rejected=EXAMPLES_A_LABEL)
            return found.images, found.labels, found.density_ratios, found.rejected, (found.proposed, found.accepted)

        index = _write_samples(work, task, load_network(work.run_dir, "teacher"), task.labels(num_labels), per_label,
                               make)
        rates = [entry["rate"] for entry in index["acceptance_by_label"]]
        work.console.say(f"M1: {index['num_kept']} images; acceptance rates from {min(rates):.1%} to {max(rates):.1%}, "
                         f"median {np.median(rates):.1%}")

    return run


def adjust(data, *, rho, mode="code", source="m1", burn_in=0, whole_units=False, replace=True, judge=None):
    """Stage, module M2: drops the samples that the teacher disagrees with; in regression it replaces the labels.

    Args:
        data: callable that gives the `ImageSet` or `ValueSet`.
        rho: the share of samples to keep, in (0, 1].
        mode: "code" or "paper", of `kgan.methods.label_filter`.
        source: the stage whose samples are adjusted.
        burn_in: mode "code", classification: how many samples of each class set the cutoff and are not used.
        whole_units, replace: of `adjust_values`.
        judge: the network that judges the samples anew; None takes what the teacher said when they were stored.
    """
    def run(work):
        images = data()
        task = task_of(images)
        label_filter.cutoff(np.zeros(1), rho, mode)  # refuses what is no rho and no mode
        folder = work.run_dir / source / FOLDER
        predict = predictor(load_network(work.run_dir, judge), task.output) if judge else None
        shards = []
        for number in range(read_index(folder)["num_shards"]):
            work.stop.check()
            shards.append(_columns(shard_path(folder, number), task, predict))
        assigned, final, errors = (np.concatenate([shard[name] for shard in shards]) for name in _LABELLED)
        if task.name == "classification":
            stays, threshold = _filter_classes(errors, assigned, task, rho, mode, burn_in)
            labels = assigned
        else:
            found = label_filter.adjust_values(assigned, final, rho, mode, low=images.low, high=images.high,
                                               whole_units=whole_units, replace=replace)
            stays, labels, errors, threshold = found.keep, found.labels, found.errors, found.cutoff
        settings = {"rho": rho, "mode": mode, "source": source, "burn_in": burn_in, "replace": replace, "judge": judge}
        writer = ProcessedWriter(work.folder / FOLDER, settings, len(shards))
        ends = np.cumsum([len(shard["errors"]) for shard in shards])
        for number in writer.missing():
            part = slice(ends[number] - len(shards[number]["errors"]), ends[number])
            with np.load(shard_path(folder, number)) as shard:
                made, tallies = shard["images"][shards[number]["rows"]], {name: shard[name] for name in TALLIES}
            writer.write(number, {
                "images": made, "assigned_labels": assigned[part], "final_labels": labels[part],
                "errors": errors[part], "density_ratios": shards[number]["density_ratios"],
                "dropped": np.where(stays[part], KEPT, DROPPED_BY_M2).astype(np.uint8)}, tallies)
        index = writer.finish()
        # With rho = 1 nothing is filtered: there is no threshold, and JSON has no infinity.
        write_json(work.folder / "threshold.json", {"rho": rho, "mode": mode,
                                                    "threshold": None if rho == 1.0 else threshold})
        work.console.say(f"M2: {index['num_kept']} of {len(stays)} samples kept")

    return run


def _columns(path, task, predict):
    """What a shard says of the samples that M1 accepted, without their images, and where they stand.

    `predict` is the `predictor` of who judges them anew, or None.
    """
    with np.load(path) as shard:
        rows = np.flatnonzero(shard["dropped"] == KEPT)
        columns = {"rows": rows} | {name: shard[name][rows] for name in (*_LABELLED, "density_ratios")}
        if predict and len(rows):
            columns["errors"], columns["final_labels"] = _judged(
                task, predict, shard["images"][rows], columns["assigned_labels"])
        return columns


def _judged(task, predict, images, labels):
    """(errors, final labels) of samples in the eyes of a teacher, whose predictions a regression takes for labels."""
    errors, predicted = task.disagreement(predict, images, labels)
    return errors, labels if task.name == "classification" else predicted


def _filter_classes(errors, labels, task, rho, mode, burn_in):
    """(which samples stay, {class: cutoff}); in mode "code" the first `burn_in` of each class set it and fall."""
    apart = np.zeros(len(labels), bool)
    if mode == "code":
        if burn_in < 1:
            raise InputError(f"mode 'code' takes its cutoffs from samples apart: burn_in must be 1 or more; received "
                             f"{burn_in!r}")
        for label in task.labels():
            apart[np.flatnonzero(labels == label)[:burn_in]] = True
    sets = apart if mode == "code" else ~apart
    cutoffs = label_filter.class_cutoffs(errors[sets], labels[sets], len(task.labels()), rho, mode)
    stays = label_filter.keep_classes(errors, labels, cutoffs, mode) & ~apart
    return stays, {str(label): float(cutoff) for label, cutoff in enumerate(cutoffs)}


def _write_samples(work, task, judge, labels, per_label, make):
    """Writes a folder of samples, a shard for some labels at a time; the teacher says how far off each label is."""
    predict = predictor(judge, task.output)
    each = max(SHARD // per_label, 1)
    groups = [labels[start : start + each] for start in range(0, len(labels), each)]
    settings = {"per_label": per_label, "labels": len(labels), "seed": work.seed}
    writer = ProcessedWriter(work.folder / FOLDER, settings, len(groups))
    done = len(groups) - len(writer.missing())
    with work.console.progress(work.folder.name, len(groups)) as progress:
        for number in writer.missing():
            work.stop.check()
            made, asked, ratios, rejected, tally = make(groups[number], number)
            proposed, accepted = tally if isinstance(tally, tuple) else (tally, tally)
            codes = np.full(len(made), KEPT, np.uint8)
            if rejected is not None:
                made, asked, ratios = (np.concatenate(pair) for pair in (
                    (made, rejected["images"]), (asked, rejected["labels"]), (ratios, rejected["density_ratios"])))
                codes = np.concatenate([codes, np.full(len(made) - len(codes), REJECTED_BY_M1, np.uint8)])
            stored = task.stored(asked)
            errors, final = _judged(task, predict, made, stored)
            writer.write(number, {"images": made, "assigned_labels": stored, "final_labels": final, "errors": errors,
                                  "density_ratios": np.asarray(ratios, np.float32), "dropped": codes},
                         {"labels": task.stored(groups[number]), "proposed": proposed, "accepted": accepted})
            done += 1
            progress(done)
    return writer.finish()
