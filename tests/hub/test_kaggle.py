"""Data sets from Kaggle: the real kagglehub against a small server on the loopback."""

from __future__ import annotations

import io
import json
import sys
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from unmask.data.layouts import read_samples
from unmask.errors import HubError
from unmask.hub.datasets import fetch_data_set
from unmask.schema import FAKE, REAL

pytest.importorskip("kagglehub")
PAIR = {"FF++/real/01__kitchen_pan.mp4": b"r", "FF++/fake/01_02__talking__A1B2.mp4": b"f"}


class LoopbackKaggle(ThreadingHTTPServer):
    """What kagglehub asks of Kaggle: the newest version of a data set, and its archive."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.sets = {"maker/faces": (1, PAIR)}
        self.status = 200
        self.requests: list[str] = []


class Handler(BaseHTTPRequestHandler):
    """One request of the client."""

    server: LoopbackKaggle

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        call = self.path.rsplit("/", 1)[-1]
        self.server.requests.append(call)
        found = self.server.sets.get(f"{asked['ownerSlug']}/{asked['datasetSlug']}")
        if self.server.status != 200 or found is None:
            self.send(self.server.status if self.server.status != 200 else 404, b'{"message": "no"}')
        elif call == "GetDataset":
            self.send(200, json.dumps({"currentVersionNumber": found[0]}).encode())
        else:
            self.send(200, packed(found[1]), "application/zip")

    def send(self, status: int, content: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments) -> None:
        """Keep the test's output for the tests."""


def packed(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.fixture
def kaggle(monkeypatch, tmp_path):
    """A running Kaggle that the client talks to, with a cache and a home of its own and no log-in."""
    from kagglesdk import kaggle_env

    server = LoopbackKaggle()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    monkeypatch.setenv("KAGGLE_API_ENVIRONMENT", "LOCALHOST")
    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.LOCAL, server.url)
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KAGGLE_API_TOKEN", "KAGGLE_USERNAME", "KAGGLE_KEY"):
        monkeypatch.delenv(name, raising=False)
    yield server
    server.shutdown()
    server.server_close()


def test_a_data_set_is_fetched_unpacked_and_read_below_its_wrapping_folder(kaggle):
    fake, real = read_samples(fetch_data_set("kaggle:maker/faces"))
    assert (real.label, fake.label) == (REAL, FAKE)
    assert real.source_id == fake.source_id == "actor_01"
    assert Path(fake.path).read_bytes() == b"f"


def test_a_newer_version_is_fetched_and_an_older_one_can_be_named(kaggle):
    first = fetch_data_set("kaggle:maker/faces")
    kaggle.sets["maker/faces"] = (2, PAIR)
    assert fetch_data_set("kaggle:maker/faces").name == "2"
    kaggle.requests.clear()
    assert fetch_data_set("kaggle:maker/faces/versions/1") == first
    assert kaggle.requests == []


@pytest.mark.parametrize("status", [500, 429])
def test_a_copy_is_used_while_kaggle_is_away(kaggle, status):
    kaggle.sets["maker/faces"] = (10, PAIR)
    folder = fetch_data_set("kaggle:maker/faces")
    kaggle.status = status
    assert fetch_data_set("kaggle:maker/faces") == folder


def test_a_copy_is_used_without_a_network(kaggle, monkeypatch):
    from kagglesdk import kaggle_env

    folder = fetch_data_set("kaggle:maker/faces")
    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.LOCAL, "http://127.0.0.1:9")
    assert fetch_data_set("kaggle:maker/faces") == folder
    with pytest.raises(HubError, match=r"kaggle:maker/other: Kaggle cannot be reached, and there is no copy"):
        fetch_data_set("kaggle:maker/other")


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, r"did not accept the token \(401\).*KAGGLE_API_TOKEN"),  # a stale token
        (403, r"needs your log-in \(403\).*kaggle\.com/datasets/maker/faces.*kaggle\.json"),  # no log-in
        (404, r"no such data set, .*\(404\)"),  # a slip in the name
        (500, r"cannot answer now \(500\)"),
    ],
)
def test_a_refusal_is_one_clear_line(kaggle, status, message):
    kaggle.status = status
    with pytest.raises(HubError, match=message) as caught:
        fetch_data_set("kaggle:maker/faces")
    assert "\n" not in str(caught.value)


def test_an_archive_cut_short_is_an_error_and_not_a_data_set(kaggle, monkeypatch):
    monkeypatch.setattr(f"{__name__}.packed", lambda files: b"PK\3\4 not an archive")
    with pytest.raises(HubError, match="Could not fetch kaggle:maker/faces: Unsupported archive"):
        fetch_data_set("kaggle:maker/faces")


def test_without_kagglehub_the_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(HubError, match=r"needs kagglehub\. Run: pip install kagglehub"):
        fetch_data_set("kaggle:maker/faces")


@pytest.mark.parametrize("name", ["kaggle:", "kaggle:alone", "kaggle:a/b/c", "kaggle:../b", "kaggle:a/b/versions/x"])
def test_names_that_are_none_are_refused(name):
    with pytest.raises(HubError, match="names no data set on Kaggle"):
        fetch_data_set(name)
