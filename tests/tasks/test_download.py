import gzip
import hashlib
import http.client
import io
from pathlib import Path

import pytest

from rnncompare.base.errors import DataError
from rnncompare.tasks.contract import download
from rnncompare.tasks.contract.download import PinnedFile, data_folder, identity

CONTENT = b"twelve bytes" * 10_000
URL = "https://example.org/set/file.bin"


def pin(path="set/file.bin", content=CONTENT, **more):
    return PinnedFile(path, URL, hashlib.sha256(content).hexdigest(), **more)


class Body(io.BytesIO):
    """A response that promises ``length`` bytes."""

    def __init__(self, content, length=None):
        super().__init__(content)
        self.length = length


class Server:
    """Opens every address on one body, and remembers what was asked for."""

    def __init__(self, body):
        self.body, self.asked = body, []

    def __call__(self, url):
        self.asked.append(url)
        return self.body


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("RNNCOMPARE_DATA", str(tmp_path))
    return tmp_path


def files(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_fetched_once_checked_and_then_found(folder):
    server = Server(Body(CONTENT, len(CONTENT)))
    assert pin().read(server) == CONTENT
    assert pin().read(server) == CONTENT
    assert server.asked == [URL]
    assert files(folder) == [folder / "set/file.bin"]


def test_gzip_is_known_by_what_it_holds(folder):
    packed = pin("set/file.gz")
    for level in (1, 9):
        (folder / "set").mkdir(exist_ok=True)
        (folder / "set/file.gz").write_bytes(gzip.compress(CONTENT, level))
        assert packed.read() == CONTENT


def test_offline_says_address_and_folder(folder):
    with pytest.raises(DataError) as caught:
        pin().read()
    message = str(caught.value)
    assert URL in message
    assert f"put it in {folder / 'set'} as file.bin" in message
    assert files(folder) == []


def broken(error):
    class Broken(Body):
        def read(self, size=-1):
            raise error

    return Broken(b"")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (Body(CONTENT[:5000], len(CONTENT)), "5000 of 120000 bytes"),
        (broken(http.client.IncompleteRead(b"x", 9)), "IncompleteRead"),
        (broken(TimeoutError("timed out")), "timed out"),
        (Body(CONTENT * 2), "more than 130000 bytes"),
    ],
)
def test_a_transfer_that_fails_leaves_nothing_behind(folder, body, reason):
    with pytest.raises(DataError, match=reason):
        pin(limit=130_000).read(Server(body))
    assert files(folder) == []


def test_a_foreign_file_is_not_kept(folder):
    found = hashlib.sha256(b"something else").hexdigest()
    with pytest.raises(DataError, match=f"expected SHA-256 {pin().sha256}, found {found}"):
        pin().read(Server(Body(b"something else")))
    assert files(folder) == []


def test_a_changed_file_in_the_folder_is_named_and_left_alone(folder):
    place = folder / "set/file.bin"
    place.parent.mkdir()
    place.write_bytes(CONTENT[:-1])
    server = Server(Body(CONTENT))
    with pytest.raises(DataError, match=f"{place}: torn or another file.*in 119999 bytes"):
        pin().read(server)
    assert server.asked == []
    assert place.read_bytes() == CONTENT[:-1]


@pytest.mark.parametrize("keep", [10, -4])
def test_a_torn_gzip_is_named(folder, keep):
    place = folder / "set/file.gz"
    place.parent.mkdir()
    place.write_bytes(gzip.compress(CONTENT)[:keep])
    with pytest.raises(DataError, match=f"{place}: "):
        pin("set/file.gz").read()


def test_a_gzip_bomb_is_read_no_further_than_its_limit(folder):
    place = folder / "set/file.gz"
    place.parent.mkdir()
    place.write_bytes(gzip.compress(bytes(1_000_000)))
    with pytest.raises(DataError, match="in 5001 bytes"):
        pin("set/file.gz", limit=5000).read()


def test_a_folder_in_the_place_of_the_file_is_named(folder):
    (folder / "set/file.bin").mkdir(parents=True)
    with pytest.raises(DataError, match="cannot be read"):
        pin().read()


def test_a_data_folder_that_cannot_be_made(folder, monkeypatch):
    (folder / "plain").write_text("a file")
    monkeypatch.setenv("RNNCOMPARE_DATA", str(folder / "plain"))
    with pytest.raises(DataError, match="absent and could not be fetched"):
        pin().read(Server(Body(CONTENT)))


def test_only_https(monkeypatch):
    monkeypatch.undo()
    for url in ("http://example.org/file", "file:///etc/hostname"):
        with pytest.raises(OSError, match="not an HTTPS address"):
            download.open_https(url)


def test_the_data_folder(monkeypatch, tmp_path):
    assert data_folder() == tmp_path
    monkeypatch.delenv("RNNCOMPARE_DATA")
    monkeypatch.setattr(download.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert data_folder() == tmp_path / "cache" / "rnncompare"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert data_folder() == tmp_path / ".cache" / "rnncompare"
    monkeypatch.setattr(download.sys, "platform", "darwin")
    assert data_folder() == tmp_path / "Library/Caches/rnncompare"

    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    assert data_folder().name == "rnncompare"


def test_identity_of_one_and_of_several_files():
    one, two = pin(), pin(content=b"other")
    assert identity(one) == one.sha256
    assert identity(one, two) == hashlib.sha256(f"{one.sha256}\n{two.sha256}".encode()).hexdigest()
