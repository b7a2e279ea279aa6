"""Stage: real images are damaged in known ways, and every measure is asked what it sees of it."""

import dataclasses
import json
from collections.abc import Callable
from functools import cached_property

import numpy as np

from kgan.data.damage import gaussian_blur, gaussian_noise, jpeg, missing_classes
from kgan.errors import InputError
from kgan.files import whole_file, write_json
from kgan.metrics.options import Options, measure_name
from kgan.metrics.protocol import protocol
from kgan.metrics.score import chunks_of, gather, measures_of
from kgan.stages.judge import classifier_facts, run_extractor
from kgan.training.noise import fold_seed

METRICS = ("is", "fid", "kid", "precision_recall", "density_coverage", "vol")
UNDAMAGED = "undamaged"
SHOWN = 8  # images of each set that are kept for the report
_LEAST = 2  # images in a half


@dataclasses.dataclass(frozen=True)
class Damage:
    """A kind of damage.

    Args:
        unit: of its strengths, in words.
        apply: callable, (images uint8 [N, H, W, C], labels [N] or None, strength, seed) -> damaged images.
        rising: whether a larger number is worse.
    """

    unit: str
    apply: Callable
    rising: bool = True


DAMAGES = {
    "blur": Damage("Gaussian, standard deviation in pixels", lambda images, _, sigma, __: gaussian_blur(images, sigma)),
    "noise": Damage("Gaussian, standard deviation in grey values of 255",
                    lambda images, _, std, seed: gaussian_noise(images, std, seed)),
    "missing_classes": Damage("number of classes", missing_classes),
    "jpeg": Damage("quality from 95 to 1", lambda images, _, quality, __: jpeg(images, quality), rising=False),
}


def damage(data, strengths, *, num_images=10_000, extractor=None):
    """Stage: one half of the real images against the other, undamaged and damaged.

    The images are cut into random halves. The first is the reference; the second is measured against it as it
    is (real against real) and after each damage alone. Writes `metrics.json` of the kind "damage", an entry a
    measured set. Measures and a few images of each set are kept in the stage's folder as they come, so that an
    interrupted stage goes on.

    Args:
        data: callable that gives the `ImageSet`, with labels where classes shall be missing.
        strengths: dict, a name in `DAMAGES` -> strengths from mild to severe; none leaves the kind out.
        num_images: at most so many in each half.
        extractor: callable that gives the `Extractor`; None takes the classifier of the stage `features`.

    Raises:
        InputError: an unknown kind, strengths that do not go from mild to severe, too few images, or no labels.
    """
    sets = {UNDAMAGED: {"role": UNDAMAGED, "level": 0, "strength": None, "unit": None}}
    for kind, values in strengths.items():
        _check_strengths(kind, values)
        sets |= {f"{kind}_{level}": {"role": kind, "level": level, "strength": strength, "unit": DAMAGES[kind].unit}
                 for level, strength in enumerate(values, 1)}

    def run(work):
        images = data()
        _check_missing(strengths.get("missing_classes", ()), images)
        measured_by = extractor() if extractor else run_extractor(work.run_dir, lambda: images)
        halves = Halves(work, images, num_images, measured_by, few=extractor is None)
        kept = _Kept(work.folder, halves.protocol() | {"data": images.name})
        with work.console.progress("damage", len(sets)) as progress:
            for done, (name, facts) in enumerate(sets.items(), 1):
                work.stop.check()
                if not kept.holds(name, facts):
                    damaged = halves.damaged(facts["role"], facts["strength"])
                    kept.add(name, facts | halves.measures(damaged), damaged[:SHOWN])
                    progress(done, {halves.distance: kept.sets[name][halves.distance]})
        found = {name: kept.sets[name] for name in sets}
        for line in _lines(found, halves.distance):
            work.console.say(f"damage: {line}")
        protocol = halves.protocol()
        if extractor is None:
            protocol["extractor"] |= classifier_facts(work.run_dir)
        write_json(work.run_dir / "metrics.json", {"kind": "damage", "protocol": protocol,
                                                   "headline": {"distance": halves.distance}, "networks": found})

    return run


class Halves:
    """Two random halves of the real images, and the measures of the second against the first.

    Args:
        work: the stage's `Work`.
        images: the `ImageSet`.
        num_images: at most so many in each half.
        extractor: the `Extractor`.
        few: whether Frechet distances may be of fewer images than features.
    """

    def __init__(self, work, images, num_images, extractor, few):
        num = min(len(images) // 2, num_images)
        if num < _LEAST:
            raise InputError(f"halves of {num} of the {len(images)} images of {images.where} are too small to compare: "
                             f"at least {_LEAST} are needed in each")
        self.work, self.split, self.extractor = work, images.split, extractor
        self.seed = fold_seed(work.seed, "halves")
        order = np.random.default_rng(self.seed).permutation(len(images))
        first, second = np.sort(order[:num]), np.sort(order[num : 2 * num])
        self.first, self.second = images.images[first], images.images[second]
        self.labels = None if images.labels is None else images.labels[second]
        self.options = Options(METRICS, min(10, max(num // 10, 1)), few=few)
        self.distance = measure_name("fid", extractor.name)

    @cached_property
    def reference(self):
        """What is known of the first half."""
        return self._gathered(self.first)

    def damaged(self, kind, strength):
        """The second half's images after a damage, or `UNDAMAGED`."""
        if kind == UNDAMAGED:
            return self.second
        return DAMAGES[kind].apply(self.second, self.labels, strength, fold_seed(self.seed, kind))

    def measures(self, images):
        """The measures of these images against the first half, by name."""
        return measures_of(self._gathered(images), self.reference, self.extractor, self.options)

    def protocol(self):
        """How the numbers come about."""
        found = protocol(self.extractor, self.options, num_fake=len(self.second), num_real=len(self.first),
                         real_split=f"{self.split}, a random half; the other half is damaged")
        return found | {"sampling_seed": self.seed}

    def _gathered(self, images):
        return gather(chunks_of(images), len(images), self.extractor, self.options, keep="few",
                      folder=self.work.folder, progress=lambda done: self.work.stop.check())


class _Kept:
    """The sets measured so far, in files; forgotten where `basis` differs from that which they were measured on."""

    def __init__(self, folder, basis):
        self.measured, self.shown = folder / "measured.json", folder / "samples.npz"
        self.basis, self.sets, self.samples = json.loads(json.dumps(basis)), {}, {}
        found = json.loads(self.measured.read_text(encoding="utf-8")) if self.measured.is_file() else {}
        if found.get("basis") == self.basis and self.shown.is_file():
            self.sets = found["sets"]
            with np.load(self.shown, allow_pickle=False) as samples:
                self.samples = {name: samples[name] for name in samples.files}

    def holds(self, name, facts):
        """Whether the set of that name is there, and of the same damage."""
        return name in self.sets and self.sets[name].items() >= facts.items()

    def add(self, name, entry, images):
        """Writes the measures of a set, its damage among them, and images to show."""
        self.sets[name], self.samples[name] = entry, images
        with whole_file(self.shown) as file:  # first, so that no set is measured whose images are not there
            np.savez_compressed(file, **self.samples)
        write_json(self.measured, {"basis": self.basis, "sets": self.sets})


def _lines(sets, distance):
    """What a terminal is told: the distance of each kind over its strengths."""
    yield f"{distance} of real images against real ones is {sets[UNDAMAGED][distance]:.4g}"
    for kind in dict.fromkeys(entry["role"] for entry in sets.values()):
        if kind != UNDAMAGED:
            mine = [entry for entry in sets.values() if entry["role"] == kind]
            yield f"{kind} " + ", ".join(f"{entry['strength']:g}: {entry[distance]:.4g}" for entry in mine)


def _check_strengths(kind, values):
    if kind not in DAMAGES:
        raise InputError(f"damage must be one of {', '.join(DAMAGES)}; received {kind!r}")
    steps = np.diff(np.asarray(values, np.float64))
    if not (steps > 0 if DAMAGES[kind].rising else steps < 0).all():
        raise InputError(f"strengths of {kind} go from mild to severe, {'up' if DAMAGES[kind].rising else 'down'} "
                         f"({DAMAGES[kind].unit}); received {', '.join(map(str, values))}")
    for value in values if kind != "missing_classes" else ():  # a strength out of range is refused before the work
        DAMAGES[kind].apply(np.zeros((1, 8, 8, 1), np.uint8), None, value, 0)


def _check_missing(numbers, images):
    if not numbers:
        return
    if images.labels is None:
        raise InputError(f"{images.where} has no labels, so that no class can be missing: give no strengths for "
                         "missing_classes")
    if not 1 <= min(numbers) <= max(numbers) < images.num_classes:
        raise InputError(f"missing_classes must lie in 1..{images.num_classes - 1}, for {images.where} has "
                         f"{images.num_classes} classes; received {', '.join(map(str, numbers))}")
