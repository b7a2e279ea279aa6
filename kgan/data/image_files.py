"""The image files in a folder or in a zip: which there are, and what stands in each."""

import re
import struct
import threading
import zipfile
import zlib
from pathlib import Path, PurePosixPath

import numpy as np

from kgan.data.folders import list_files
from kgan.errors import InputError

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
ZIP = ".zip"
_ENCRYPTED = 0x1  # of a zip member's flags
# A damaged zip raises any of them, as it is opened and as a member is read.
_DAMAGED = (OSError, ValueError, EOFError, RuntimeError, struct.error, zlib.error, zipfile.BadZipFile)


def open_files(path):
    """The image files of a folder or a zip, none of them read yet: a `FolderFiles` or a `ZipFiles`.

    Files in it and below it that end in one of `ENDINGS`, in the order of their names. Hidden files and folders
    (whose names begin with a dot) and a zip's `__MACOSX` are left out.

    Raises:
        InputError: nothing there, neither a folder nor a zip, one that cannot be read, or no image file in it.
    """
    if not str(path):  # it would stand for the working folder
        raise InputError("the path of the images is empty: give a folder or a zip of images")
    place = Path(path).expanduser()
    try:
        place = place.resolve()
        is_folder, is_file = place.is_dir(), place.is_file()
        is_zip = is_file and (place.suffix.lower() == ZIP or zipfile.is_zipfile(place))
    except (OSError, RuntimeError) as error:  # a folder above it that may not be entered, links in a circle
        raise InputError(f"cannot look at {place} ({error}): check the path and who may read it") from None
    if not is_folder and not is_zip:
        what = "is neither a folder nor a zip" if is_file else "is not there"
        raise InputError(f"{place} {what}: give a folder or a zip of images")
    files = FolderFiles(place) if is_folder else ZipFiles(place)
    if not files.names:
        raise InputError(f"{files.where} has no image: there is no {', '.join(ENDINGS)} file in or below it")
    return files


class FolderFiles:
    """The image files in and below a folder; made by `open_files`.

    Attributes:
        name: of the folder, in small letters, digits and underscores.
        where: how messages name it.
        names: of the files, relative to it, sorted.
        root: the folder that a cache lies in, unless another is named.
    """

    def __init__(self, folder):
        self.name, self.where = plain_name(folder.name), f"folder {folder}"
        self.names = list_files(folder, ENDINGS)
        self.root = folder

    def stamped(self, names):
        """Files, relative to `root`, whose size or time of change differs when one of the named files does."""
        return names

    def content(self, name):
        """What `image.decode` and `image.shape_of` read of one of the files."""
        return self.root / name

    def classes(self, names):
        """(labels int32 [N], class names): the folders right below that hold the named files.

        (None, ()) where a file lies in none of them, or all lie in one.
        """
        return classes_of(names)


class ZipFiles:
    """The image files in a zip; as `FolderFiles`. A single folder around all of them does not count as a class.

    Raises:
        InputError: it may not be read, it is damaged, or it is encrypted.
    """

    def __init__(self, path):
        self.name, self.where = plain_name(path.stem), f"zip {path}"
        try:
            self._archive = zipfile.ZipFile(path)
            members = [member for member in self._archive.infolist() if _is_image(member.filename)]
        except PermissionError as error:
            raise InputError(f"cannot read {path} ({error.strerror}): check who may read it") from None
        except _DAMAGED as error:
            raise InputError(f"cannot read {path} as a zip ({_reason(error)}): it is damaged or not whole, fetch it "
                             "anew") from None
        if any(member.flag_bits & _ENCRYPTED for member in members):
            raise InputError(f"{path} is encrypted: unpack it and give the folder")
        self.names = sorted({member.filename for member in members})
        self.root, self._file, self._lock = path.parent, path.name, threading.Lock()

    def stamped(self, names):
        """As `FolderFiles.stamped`: the zip itself."""
        return [self._file]

    def content(self, name):
        """The bytes of one of the files; InputError where they are damaged."""
        try:
            with self._lock:  # an archive counts its readers without one
                return self._archive.read(name)
        except _DAMAGED as error:
            raise InputError(f"cannot read {name} in {self.where} ({_reason(error)})") from None

    def classes(self, names):
        """As `FolderFiles.classes`."""
        around = common_folder(self.names)
        return classes_of([name[len(around) :] for name in names])


def classes_of(names):
    """(labels int32 [N], class names) by the first folder of each name; (None, ()) where these tell nothing apart."""
    folders = [name.split("/")[0] for name in names if "/" in name]
    class_names = tuple(sorted(set(folders)))
    if len(folders) < len(names) or len(class_names) < 2:
        return None, ()
    number = {name: label for label, name in enumerate(class_names)}
    return np.array([number[folder] for folder in folders], np.int32), class_names


def common_folder(names):
    """The folders that all names lie in, with a "/" behind each; "" where there are none."""
    parts = [name.split("/")[:-1] for name in names]
    common = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        common.append(level[0])
    return "".join(f"{folder}/" for folder in common)


def plain_name(text):
    """A name for a data set and its measures: of a-z, 0-9 and _, and of no more than 40 of them."""
    return re.sub("[^a-z0-9]+", "_", text.lower()).strip("_")[:40].rstrip("_") or "images"


def some_of(names, most=3):
    """The first names of a list and how many more there are, for a message."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def _is_image(name):
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    return not name.endswith("/") and not hidden and path.suffix.lower() in ENDINGS


def _reason(error):
    return " ".join(str(error).split()) or type(error).__name__
