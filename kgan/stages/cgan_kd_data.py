"""Stage: looks at data, networks and techniques of a cGAN-KD run: a mistake shows before anything is trained."""

from kgan.errors import InputError
from kgan.files import write_json
from kgan.stages.distil import check_technique
from kgan.stages.tasks import check_predictor, task_of


def check_data(train, test, trained, *, num_fakes, per_label, num_labels=None, apart=0, legs=()):
    """Reads both sets, refuses what would fail later, and writes what they are to `data.json`.

    Args:
        train, test: callables that give the `ImageSet` or `ValueSet` to learn from, and another to test on.
        trained: name -> (callable that gives a network, `Plan` of its training on the real images).
        num_fakes: samples that a student learns from.
        per_label, num_labels: how many samples of each label are made, and of how many labels in regression.
        apart: of each label's, how many no student sees.
        legs: (`kgan.stages.distil.KD`, callable that gives the student, callable that gives who teaches it, `Plan`
            of the student) of each distillation.

    Raises (when run):
        InputError: data that cannot be read; sets of unlike image shapes, classes or ranges; fewer images than a
            batch; a network for other images or labels; a technique that cannot serve its networks; more samples
            asked for than are made.
    """
    def run(work):
        real, held_out = train(), test()
        task = task_of(real)
        _check_alike(real, held_out)
        _check_num_fakes(task, num_fakes, max(per_label - apart, 0), len(task.labels(num_labels)))
        for name, (network, plan) in trained.items():
            if plan.draw == "epochs":
                real.batches_per_epoch(plan.batch_size)
            check_predictor(network(), real, f"the network of {name!r}")
        teachers = {made: made() for _, _, made, _ in legs}  # one serves all its students
        for kd, student, teacher, plan in legs:
            check_technique(kd, student(), teachers[teacher], task, plan)
        facts = {key: {"name": part.name, "split": part.split, "num": len(part), "source": part.source}
                 for key, part in (("train", real), ("test", held_out))}
        write_json(work.folder / "data.json", facts | {"image_shape": real.image_shape, "unit": task.unit,
                                                       **task.facts()})
        work.console.say(f"{task.name}: {len(real)} images of {real.image_shape} to learn from, {len(held_out)} to "
                         "test on")

    return run


def _check_alike(real, held_out):
    if type(real) is not type(held_out) or real.image_shape != held_out.image_shape:
        raise InputError(f"{real.where} to learn from has {_described(real)}, {held_out.where} to test on "
                         f"{_described(held_out)}: give two parts of one data set")
    ours, theirs = task_of(real).facts(), task_of(held_out).facts()
    if ours != theirs:
        raise InputError(f"the classes or the range of labels differ between {real.where} to learn from and "
                         f"{held_out.where} to test on: give two parts of one data set")


def _described(images):
    return f"{task_of(images).name} images of {images.image_shape}"


def _check_num_fakes(task, num_fakes, per_label, labels):
    if num_fakes > per_label * labels:
        raise InputError(f"num_fakes of {num_fakes} are more than all samples that may be learned from, {per_label} of "
                         f"each of {labels} labels: take fewer or make more (per_label)")
    if task.name == "classification" and num_fakes % labels:
        raise InputError(f"num_fakes must be a multiple of the {labels} classes, an equal number of each; received "
                         f"{num_fakes}")
