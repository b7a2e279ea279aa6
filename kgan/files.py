"""Files that appear under their final name only when whole. Every room may import this module."""

import contextlib
import json
import os
import shutil
import tempfile
from pathlib import Path


@contextlib.contextmanager
def whole_file(path, mode="wb"):
    """Yields a file object; `path` appears, complete and flushed to disk, when the block ends well.

    An exception in the block leaves whatever stood at `path` before, and nothing else.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        encoding = None if "b" in mode else "utf-8"
        with os.fdopen(handle, mode, encoding=encoding) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    flush(path.parent)


@contextlib.contextmanager
def whole_path(path):
    """Yields a path beside `path` with the same ending, for writers that want a name of a file or folder.

    What was written there replaces `path` when the block ends well; otherwise it is removed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    holder = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part"))
    try:
        yield holder / path.name
        if (holder / path.name).is_file():
            flush(holder / path.name)
        if path.is_dir():  # a folder cannot be replaced in one call: the old one steps aside first
            os.replace(path, holder / "old")
        os.replace(holder / path.name, path)
    finally:
        shutil.rmtree(holder, ignore_errors=True)
    flush(path.parent)


def write_json(path, value):
    """Writes `value` as indented JSON, whole or not at all; NaN and infinities are refused."""
    text = json.dumps(value, indent=2, allow_nan=False, default=str) + "\n"
    with whole_file(path, "w") as file:
        file.write(text)


def flush(path):
    """Makes a file, or the entries of a folder, survive a power cut, where the system can do that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_parts(folder, of="*"):
    """Removes what a killed process left behind in `folder` under temporary names, of files named `of` (a pattern)."""
    for part in Path(folder).glob(f".{of}.*.part"):
        shutil.rmtree(part) if part.is_dir() else part.unlink(missing_ok=True)


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask
