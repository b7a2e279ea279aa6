"""Features on disk, so that what is kept in memory does not grow with the number of images."""

import tempfile

import numpy as np

from kgan.errors import InputError


class Spill:
    """Rows of float32 in a file that vanishes with this object; written in turn, read in parts.

    Reading copies the rows that are asked for out of a memory map that lives no longer than that: the pages it
    touches do not stay resident.

    Args:
        folder: where the file is; None takes the system's folder for such files.
    """

    def __init__(self, folder=None):
        try:
            # It lives as long as this object.
            self._file = tempfile.TemporaryFile(dir=folder, prefix=".features.", suffix=".part")  # noqa: SIM115
        except OSError as error:
            raise InputError(f"features cannot be kept in {folder or tempfile.gettempdir()} "
                             f"({error.strerror or error}): give another folder") from None
        self._rows, self.width = 0, None

    def __len__(self):
        return self._rows

    @property
    def shape(self):
        """(rows, width)."""
        return self._rows, self.width or 0

    def append(self, rows):
        """Adds float32 rows [n, width]; the first give the width."""
        rows = np.ascontiguousarray(rows, np.float32)
        if rows.ndim != 2 or self.width not in (None, rows.shape[1]):
            raise InputError(f"rows must be [n, {self.width or 'width'}]; received shape {rows.shape}")
        self.width = rows.shape[1]
        self._file.write(rows)
        self._rows += len(rows)

    def __getitem__(self, which):
        """float32 [n, width] of a slice or an array of row numbers."""
        if not self._rows:
            return np.zeros((0, self.width or 0), np.float32)[which]
        self._file.flush()
        held = np.memmap(self._file, np.float32, "r", shape=self.shape)
        return np.array(held[which])


class Chosen:
    """Some of the rows of features, in the order of their numbers: indexed as if there were no others."""

    def __init__(self, features, rows):
        self.features, self.rows = features, rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, which):
        return self.features[self.rows[which]]
