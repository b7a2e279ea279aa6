"""cGAN-KD's processed samples on disk: generated images with their labels before and after adjustment.

A folder holds `index.json` and shards `shard-00000.npz`, `shard-00001.npz`, and so on. A shard is an
uncompressed npz file that numpy alone reads: `numpy.load(path)["images"]`. Its columns have one entry a
sample:

    images           uint8 [n, H, W, C]
    assigned_labels  int32 or float32 [n], what the generator was asked for (values in label units)
    final_labels     the same, after module M2: replaced in regression, as assigned in classification
    errors           float32 [n], the teacher's (cross entropy, or absolute error in label units); NaN unknown
    density_ratios   float32 [n]
    dropped          uint8 [n]: 0 kept, 1 rejected by M1 (a few examples), 2 dropped by M2

Three more columns have one entry a label: `labels`, and how many samples of it M1 `proposed` and `accepted`
for this shard. `index.json` gives the settings, the number of shards, the meaning of the codes, whether all
is there, and then the counts and acceptance rates by label.
"""

import json
from pathlib import Path

import numpy as np

from kgan.errors import InputError
from kgan.files import remove_parts, whole_file, write_json

KEPT, REJECTED_BY_M1, DROPPED_BY_M2 = 0, 1, 2
CODES = {KEPT: "kept", REJECTED_BY_M1: "rejected by M1", DROPPED_BY_M2: "dropped by M2"}
COLUMNS = ("images", "assigned_labels", "final_labels", "errors", "density_ratios", "dropped")
TALLIES = ("labels", "proposed", "accepted")
INDEX = "index.json"
_FORMAT = 1


def shard_path(folder, number):
    """Where a shard lies."""
    return Path(folder) / f"shard-{number:05d}.npz"


class ProcessedWriter:
    """Writes a folder of processed samples, shard by shard, in any order and over any number of runs.

    A shard is a unit of work that (settings, its number) should determine. It appears whole or not at all,
    so that an interrupted run goes on with `missing()`.

    Args:
        folder: made when it is not there.
        settings: what the samples depend on, as a dict for JSON; kept in `index.json`.
        num_shards: how many there are to be.

    Raises:
        InputError: the folder holds samples of other settings, or num_shards is no positive whole number.
    """

    def __init__(self, folder, settings, num_shards):
        if isinstance(num_shards, bool) or not isinstance(num_shards, int) or num_shards < 1:
            raise InputError(f"num_shards must be a positive whole number; received {num_shards!r}")
        self.folder, self.num_shards = Path(folder), num_shards
        self.settings = json.loads(json.dumps(settings, default=str))
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_parts(self.folder)
        if (self.folder / INDEX).is_file():
            self._check_same(read_index(self.folder))
        elif any(self.folder.glob("shard-*.npz")):
            raise InputError(f"{self.folder} holds shards but no {INDEX}: remove the folder or choose another")
        else:
            self._write_index(complete=False)

    def missing(self):
        """Numbers of the shards that are still to be written, in order."""
        return [number for number in range(self.num_shards) if not shard_path(self.folder, number).is_file()]

    def write(self, number, columns, tallies):
        """Writes one shard.

        Args:
            number: of the shard, 0..num_shards - 1.
            columns: dict of `COLUMNS` -> array [n, ...]; n may be 0.
            tallies: dict of `TALLIES` -> array [L], one entry a label that this shard was made for.
        """
        if not 0 <= number < self.num_shards:
            raise InputError(f"there are shards 0 to {self.num_shards - 1}; received {number}")
        arrays = _checked(columns, tallies)
        with whole_file(shard_path(self.folder, number)) as file:
            np.savez(file, **arrays)

    def finish(self):
        """Completes `index.json` from the shards and returns it; InputError while one is missing."""
        missing = self.missing()
        if missing:
            raise InputError(f"{self.folder} is not complete: {len(missing)} of {self.num_shards} shards are missing, "
                             f"the first is {shard_path(self.folder, missing[0]).name}; go on making them")
        counts, tally, total = {}, {}, 0
        for number in range(self.num_shards):
            with np.load(shard_path(self.folder, number)) as shard:
                labels, dropped = shard["assigned_labels"], shard["dropped"]
                for code, name in CODES.items():
                    for label, count in zip(*np.unique(labels[dropped == code], return_counts=True), strict=True):
                        of_label = counts.setdefault(label.item(), dict.fromkeys(CODES.values(), 0))
                        of_label[name] += int(count)
                for label, proposed, accepted in zip(*(shard[name] for name in TALLIES), strict=True):
                    sums = tally.setdefault(label.item(), np.zeros(2, np.int64))
                    sums += (proposed, accepted)
                total += int((dropped == KEPT).sum())
        rates = {label: float(accepted / proposed) for label, (proposed, accepted) in tally.items() if proposed}
        return self._write_index(
            complete=True, num_kept=total,
            counts_by_assigned_label=[{"label": label, **counts[label]} for label in sorted(counts)],
            acceptance_by_label=[{"label": label, "proposed": int(tally[label][0]), "accepted": int(tally[label][1]),
                                  "rate": rates.get(label)} for label in sorted(tally)])

    def _write_index(self, **more):
        index = {"format": _FORMAT, "num_shards": self.num_shards, "settings": self.settings,
                 "columns": list(COLUMNS), "tallies": list(TALLIES),
                 "dropped_codes": {str(code): name for code, name in CODES.items()}, **more}
        write_json(self.folder / INDEX, index)
        return index

    def _check_same(self, index):
        old, new = ({"num_shards": entry["num_shards"], **entry["settings"]} for entry in
                    (index, {"num_shards": self.num_shards, "settings": self.settings}))
        changed = [f"{name} was {json.dumps(old.get(name))}, is {json.dumps(new.get(name))}"
                   for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
        if changed:
            raise InputError(f"{self.folder} holds samples of other settings ({'; '.join(changed)}): go on with the "
                             "old settings, remove the folder, or choose another")


def read_index(folder):
    """The content of a folder's `index.json`; InputError when it is not there or of another form."""
    path = Path(folder) / INDEX
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{folder} holds no processed samples: cannot read {path} ({reason})") from None
    if index.get("format") != _FORMAT:
        raise InputError(f"{path} is of format {index.get('format')!r}, not {_FORMAT}; make the samples anew")
    return index


def _checked(columns, tallies):
    if set(columns) != set(COLUMNS) or set(tallies) != set(TALLIES):
        raise InputError(f"a shard takes the columns {', '.join(COLUMNS)} and the tallies {', '.join(TALLIES)}; "
                         f"received {', '.join([*columns, *tallies])}")
    arrays = {name: np.asarray(value) for name, value in (columns | tallies).items()}
    for names in (COLUMNS, TALLIES):
        if len({len(arrays[name]) for name in names}) > 1:
            lengths = ", ".join(f"{name} {len(arrays[name])}" for name in names)
            raise InputError(f"the columns of a shard must be of one length; received {lengths}")
    labels = arrays["assigned_labels"].dtype
    wanted = dict.fromkeys(("errors", "density_ratios"), np.float32) | dict.fromkeys(("images", "dropped"), np.uint8)
    wanted |= dict.fromkeys(("assigned_labels", "final_labels", "labels"), labels)
    for name, dtype in wanted.items():
        if arrays[name].dtype != dtype or labels not in (np.int32, np.float32):
            raise InputError(f"column {name} must be {np.dtype(dtype)}, and labels int32 or float32; received "
                             f"{arrays[name].dtype}")
    return arrays
