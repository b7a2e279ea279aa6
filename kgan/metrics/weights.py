"""Archives of weights: downloaded against a hash, unpacked without leaving their folder."""

import hashlib
import re
import tarfile
import zipfile
import zlib
from pathlib import PurePosixPath

from kgan.errors import InputError
from kgan.files import whole_file, whole_path
from kgan.metrics.saved_network import GRAPH_FILE, contents_sha256, reason

ENDINGS = (".tar.gz", ".tgz", ".zip")
_TIMEOUT_S = 20  # to connect, and between two pieces
_PIECE = 1 << 20


def checked_sha256(text, where):
    """64 lower-case hexadecimal digits, or None for None."""
    if text is not None and not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise InputError(f"a SHA-256 has 64 hexadecimal digits; {where} or the option gives {text!r}")
    return text and text.lower()


def download(url, path, sha256):
    """Fetches `url` to `path`, which appears only whole and with that hash.

    Returns:
        None, or in a few words why nothing could be fetched.

    Raises:
        InputError: what came has another hash. It is not kept.
    """
    import requests

    try:
        # the file as it is: requests would unpack what a server packs for the way, and the hash would be another
        with requests.get(url, stream=True, timeout=_TIMEOUT_S, headers={"Accept-Encoding": "identity"}) as answer:
            answer.raise_for_status()
            digest = hashlib.sha256()
            with whole_file(path) as file:
                for piece in answer.iter_content(_PIECE):
                    digest.update(piece)
                    file.write(piece)
                if digest.hexdigest() != sha256:
                    raise InputError(f"what {url} gives has the SHA-256 {digest.hexdigest()}, not {sha256} as named; "
                                     "nothing of it is kept: name the right one, or fetch the file by hand")
    except (requests.exceptions.RequestException, OSError) as error:
        return reason(error)
    return None


def unpacked(archive, cache, sha256=None):
    """The SavedModel folder that an archive holds, unpacked once into `cache` under the archive's hash.

    Args:
        archive: a .tar.gz, .tgz or .zip with one SavedModel, at its top or below.
        cache: a folder, made when it is not there.
        sha256: of the archive; another is refused. None takes any.

    Raises:
        InputError: a wrong hash, a damaged archive, one that would write outside its folder, none or several
            SavedModels in it.
    """
    found = contents_sha256(archive)
    if sha256 not in (None, found):
        raise InputError(f"{archive} has the SHA-256 {found}, not {sha256} as named: remove it or name the right one")
    folder = cache / "unpacked" / found
    if not folder.is_dir():
        try:
            with whole_path(folder) as part:
                part.mkdir()
                _extract(archive, part)
                _model_in(part, archive)
        except (tarfile.TarError, zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError,
                RuntimeError) as error:
            raise InputError(f"cannot unpack {archive} to {folder} ({reason(error)}): fetch it anew") from None
    return _model_in(folder, archive)


def _extract(archive, folder):
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as file:
            for name in file.namelist():
                path = PurePosixPath(name.replace("\\", "/"))
                if path.is_absolute() or ".." in path.parts or any(":" in part for part in path.parts[:1]):
                    raise InputError(f"{archive} would write outside its folder, to {name!r}: it is not to be trusted")
            file.extractall(folder)
        return
    with tarfile.open(archive, "r:gz") as file:
        file.extractall(folder, filter="data")


def _model_in(folder, archive):
    found = sorted(folder.rglob(GRAPH_FILE))
    if len(found) != 1:
        raise InputError(f"{archive} must hold one SavedModel; it holds {len(found)} files {GRAPH_FILE}")
    return found[0].parent
