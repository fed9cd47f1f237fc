"""Files pinned by address and SHA-256: found in the data folder or fetched into it, and checked either way."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import http.client
import os
import sys
import tempfile
import urllib.request
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from rnncompare.base.errors import DataError

CHUNK = 1 << 16
SILENCE = 30  # seconds after which a server that says nothing is given up


class Response(Protocol):
    """An answer that is being received, such as `http.client.HTTPResponse`."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, at most ``size``; none at the end."""


Opener = Callable[[str], AbstractContextManager[Response]]


@dataclass(frozen=True)
class PinnedFile:
    """One file of a data set as it must be.

    Attributes:
        path: where it lies below the data folder, ``DATASET/FILE``; a file ending in ``.gz`` is decompressed when read.
        url: its address, over HTTPS.
        sha256: of its content; of what is decompressed, for a file ending in ``.gz``.
        limit: bytes that neither the file nor what is decompressed from it may exceed.
    """

    path: str
    url: str
    sha256: str
    limit: int = 1 << 26

    def place(self) -> Path:
        """Where the file lies on this machine, or would."""
        return data_folder() / self.path

    def read(self, opener: Opener | None = None) -> bytes:
        """The checked (and decompressed) content; the file is fetched first if it is not there.

        Args:
            opener: opens an address; by default over HTTPS.

        Raises:
            DataError: the file is absent and cannot be fetched, or is not the pinned one.
        """
        place = self.place()
        if not place.exists():
            self._fetch(place, opener or open_https)
        return self._checked(place, f"{place}")

    def _checked(self, file: Path, name: str) -> bytes:
        """The content of ``file``, which messages call ``name``."""
        try:
            with gzip.open(file) if self.path.endswith(".gz") else file.open("rb") as stream:
                content = stream.read(self.limit + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{name}: cannot be read ({error}); replace it by the file from {self.url}") from error
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise DataError(
                f"{name}: torn or another file: expected SHA-256 {self.sha256}, found {found} in {len(content)} bytes; "
                f"replace it by the file from {self.url}"
            )
        return content

    def _fetch(self, place: Path, opener: Opener) -> None:
        """Receive into a temporary file beside ``place``, and move it there once it is checked."""
        part = place.with_name(f".{place.name}.{os.getpid()}.part")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with opener(self.url) as response, part.open("wb") as file:
                self._receive(response, file)
            self._checked(part, f"{place.name} as fetched")
            part.replace(place)
        except (OSError, http.client.HTTPException) as error:
            remedy = f"fetch {self.url} yourself and put it in {place.parent} as {place.name}"
            raise DataError(f"{place} is absent and could not be fetched ({error}); {remedy}") from error
        finally:
            with contextlib.suppress(OSError):  # it is there only after a failure
                part.unlink()

    def _receive(self, response: Response, file: BinaryIO) -> None:
        from tqdm import tqdm

        total = getattr(response, "length", None)  # of http.client: bytes to come, where the server says
        with tqdm(total=total, desc=self.path, unit="B", unit_scale=True, leave=False, disable=None) as bar:
            while chunk := response.read(CHUNK):
                file.write(chunk)
                bar.update(len(chunk))
                if file.tell() > self.limit:
                    raise OSError(f"more than {self.limit} bytes were sent")
        if total is not None and file.tell() < total:
            raise OSError(f"{file.tell()} of {total} bytes were received")


class _OnlyHTTPS(urllib.request.HTTPRedirectHandler):
    """Follows no redirection to anything else; it is refused before it is asked."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        _require_https(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def open_https(url: str) -> AbstractContextManager[Response]:
    """Open ``url``, refusing anything but HTTPS, on the way there too.

    Raises:
        OSError: it is no such address, leads to none, or the server or its certificate is not good.
    """
    _require_https(url)
    return urllib.request.build_opener(_OnlyHTTPS).open(url, timeout=SILENCE)


def _require_https(url: str) -> None:
    if not url.lower().startswith("https://"):
        raise OSError(f"not an HTTPS address: {url}")


def data_folder() -> Path:
    """The folder of downloaded data: ``RNNCOMPARE_DATA``, or ``rnncompare`` in the user's cache folder."""
    if named := os.environ.get("RNNCOMPARE_DATA"):
        return Path(named).expanduser()
    return _user_cache() / "rnncompare"


def _user_cache() -> Path:
    if sys.platform == "win32" and (local := os.environ.get("LOCALAPPDATA")):
        return Path(local)
    if named := os.environ.get("XDG_CACHE_HOME"):
        return Path(named)
    try:
        home = Path.home()
    except RuntimeError:  # a user without a home folder, as in some containers
        return Path(tempfile.gettempdir())
    return home / "Library/Caches" if sys.platform == "darwin" else home / ".cache"


def identity(*files: PinnedFile) -> str:
    """The identity of a data set: its file's SHA-256, or that of the list of its files' SHA-256."""
    return joint(*(file.sha256 for file in files))


def joint(*sha256: str) -> str:
    """One SHA-256 for several: itself if it is one, else that of the list."""
    return sha256[0] if len(sha256) == 1 else hashlib.sha256("\n".join(sha256).encode()).hexdigest()
