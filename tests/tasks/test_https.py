"""Downloads from a real server: a local one that speaks TLS with a certificate of its own."""

import hashlib
import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from rnncompare.base.errors import DataError
from rnncompare.tasks.contract.download import PinnedFile, open_https

CONTENT = b"a data set" * 20_000

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here to make a certificate with")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    places = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", "req", "-x509", *kind, *name, *places], check=True, capture_output=True)
    return certificate, key


class Handler(BaseHTTPRequestHandler):
    """Answers /file with the content, /to/ADDRESS with a redirection, /short with less than it promises, ..."""

    def do_GET(self):
        self.server.asked.append(self.path)
        if self.path.startswith(("/to/", "/circle")):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
        elif self.path == "/gone":
            self.send_error(404)
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(CONTENT)))
            self.end_headers()
            self.wfile.write({"/short": CONTENT[:70_000], "/other": CONTENT[::-1]}.get(self.path, CONTENT))

    def log_message(self, *args):
        pass


def serving(tls):
    server = HTTPServer(("localhost", 0), Handler)
    server.asked = []
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *args: None  # a client that refuses the certificate hangs up
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    return server


@pytest.fixture
def servers(certificate):
    secure, plain = serving(certificate), serving(None)
    yield secure, plain
    for server in (secure, plain):
        server.shutdown()
        server.server_close()


@pytest.fixture
def fetch(servers, certificate, tmp_path, monkeypatch):
    monkeypatch.setenv("RNNCOMPARE_DATA", str(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))

    def fetch(path, limit=1 << 20):
        url = f"https://localhost:{servers[0].server_port}{path}"
        return PinnedFile("set/file.bin", url, hashlib.sha256(CONTENT).hexdigest(), limit).read(open_https)

    return fetch


def test_a_file_is_fetched_checked_and_kept(fetch, servers, tmp_path):
    assert fetch("/file") == CONTENT
    assert fetch("/file") == CONTENT
    assert servers[0].asked == ["/file"]
    assert (tmp_path / "set/file.bin").read_bytes() == CONTENT


def test_a_certificate_that_nobody_trusts_is_refused(fetch, servers, monkeypatch, tmp_path):
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(DataError, match="CERTIFICATE_VERIFY_FAILED"):
        fetch("/file")
    assert servers[0].asked == []
    assert not list(tmp_path.rglob("file*"))


def test_redirections_are_followed_over_https_only(fetch, servers):
    secure, plain = servers
    with pytest.raises(DataError, match=r"not an HTTPS address: http://localhost"):
        fetch(f"/to/http://localhost:{plain.server_port}/file")
    with pytest.raises(DataError, match="url 'file:///etc/hostname' is not allowed"):
        fetch("/to/file:///etc/hostname")
    assert plain.asked == [], "not even asked"
    assert fetch(f"/to/https://localhost:{secure.server_port}/file") == CONTENT


def test_a_circle_of_redirections_ends(fetch, servers, tmp_path):
    with pytest.raises(DataError, match="infinite loop"):
        fetch("/circle")
    assert len(servers[0].asked) < 20
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("path", "limit", "reason"),
    [
        ("/gone", 1 << 20, "HTTP Error 404"),
        ("/short", 1 << 20, "70000 of 200000 bytes"),
        ("/other", 1 << 20, "expected SHA-256"),
        ("/file", 100_000, "more than 100000 bytes"),
    ],
)
def test_what_fails_on_the_way_leaves_nothing(fetch, tmp_path, path, limit, reason):
    with pytest.raises(DataError, match=reason):
        fetch(path, limit)
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
