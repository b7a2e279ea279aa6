"""A training's losses in `log.csv` and as TensorBoard events."""

import csv
import math
from pathlib import Path

import tensorflow as tf

from kgan.errors import Diverged
from kgan.files import whole_file


class TrainingLog:
    """Rows of mean losses: step, seconds of training so far, then one column a loss.

    Opened for a training that goes on from `step`, it drops the rows of later steps, which will be made
    again, so that an interrupted training leaves one row a step like an uninterrupted one.
    """

    def __init__(self, folder, step=0):
        self.path = Path(folder) / "log.csv"
        rows = self._rows_up_to(step)
        self.seconds_before = float(rows[-1]["seconds"]) if rows else 0.0
        self.columns = list(rows[0]) if rows else None
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if rows:
            with whole_file(self.path, "w") as file:
                writer = csv.DictWriter(file, self.columns)
                writer.writeheader()
                writer.writerows(rows)
        else:
            self.path.unlink(missing_ok=True)
        self.events = tf.summary.create_file_writer(str(Path(folder) / "events"))

    def _rows_up_to(self, step):
        if not self.path.is_file():
            return []
        with open(self.path, newline="", encoding="utf-8") as file:
            return [row for row in csv.DictReader(file) if None not in row.values() and int(row["step"]) <= step]

    def write(self, step, seconds, losses):
        """Adds a row; raises `Diverged` naming the losses that are not finite."""
        with open(self.path, "a", newline="", encoding="utf-8") as file:
            if self.columns is None:
                self.columns = ["step", "seconds", *losses]
                csv.writer(file).writerow(self.columns)
            seconds = self.seconds_before + seconds
            csv.writer(file).writerow([step, f"{seconds:.2f}", *(f"{losses[name]:.6g}" for name in self.columns[2:])])
        with self.events.as_default(step=step):
            for name, value in losses.items():
                tf.summary.scalar(name, value)
        bad = {name: value for name, value in losses.items() if not math.isfinite(value)}
        if bad:
            values = ", ".join(f"{name} = {value}" for name, value in bad.items())
            raise Diverged(f"training diverged at step {step}: {values}; see {self.path}")

    def close(self):
        """Writes the events out."""
        self.events.close()
