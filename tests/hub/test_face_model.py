"""Fetching the YuNet file: never a wrong one, and hardly any time lost where there is no network."""

from __future__ import annotations

import hashlib
import os
import socket
import sys
import time
from pathlib import Path

import pytest
from huggingface_hub import constants

from unmask.errors import UnmaskError
from unmask.hub import face_model, fetch_face_model
from unmask.media.faces import make_face_finder

from .loopback_hub import SILENCE

MODEL = b"\x08\x07 stands for the model: what the Hub serves is checked by digest alone"
DIGEST = face_model.DIGEST


@pytest.fixture(autouse=True)
def first_process(monkeypatch):
    """Start as a new process does: no face model named, no failure remembered, a known stand-in model."""
    monkeypatch.delenv("UNMASK_FACE_MODEL", raising=False)
    monkeypatch.setattr(face_model, "_failed_here", False)
    monkeypatch.setattr(face_model, "DIGEST", hashlib.sha256(MODEL).hexdigest())


def seconds_of(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def cache(content: bytes) -> Path:
    """Place a file in the Hub's cache as the face model of some commit."""
    folder = Path(constants.HF_HUB_CACHE) / "models--opencv--face_detection_yunet" / "snapshots" / ("a" * 40)
    folder.mkdir(parents=True)
    (folder / face_model.FILE).write_bytes(content)
    return folder / face_model.FILE


def test_the_model_is_fetched_once_and_then_taken_from_the_cache(hub):
    hub.put(face_model.REPOSITORY, {face_model.FILE: MODEL})
    path = fetch_face_model()
    assert path.read_bytes() == MODEL
    hub.requests.clear()
    assert fetch_face_model() == path
    assert hub.requests == []


def test_a_named_file_is_taken_as_it_is(hub, monkeypatch, tmp_path):
    (tmp_path / "mine.onnx").write_bytes(b"\x08 another model")
    monkeypatch.setenv("UNMASK_FACE_MODEL", str(tmp_path / "mine.onnx"))
    assert fetch_face_model() == tmp_path / "mine.onnx"
    assert hub.requests == []


def test_haar_asks_for_the_cascades_though_the_model_is_there(hub, monkeypatch):
    cache(MODEL)
    monkeypatch.setenv("UNMASK_FACE_MODEL", "haar")
    assert fetch_face_model() is None
    assert hub.requests == []


NO_MODELS = [  # what UNMASK_FACE_MODEL names
    (None, "no file"),  # nothing
    (b"", "no model"),  # an empty file
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:8f23", "no model"),  # a pointer that git left
    (b"\x08 text, not a network", "not a YuNet"),  # a file that OpenCV cannot read
]


@pytest.mark.parametrize(("content", "told"), NO_MODELS)
def test_a_named_file_that_is_no_model_is_told_in_one_line(monkeypatch, tmp_path, content, told):
    path = tmp_path / "mine.onnx"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("UNMASK_FACE_MODEL", str(path))
    with pytest.raises(UnmaskError, match=told) as raised:
        make_face_finder(fetch_face_model())
    assert str(path) in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.skipif(sys.platform == "win32", reason="needs Unix permissions")
def test_a_named_file_in_no_home_or_behind_a_closed_door_is_told_in_one_line(monkeypatch, strangers_folder):
    monkeypatch.setenv("UNMASK_FACE_MODEL", "~nobody-of-that-name/mine.onnx")
    with pytest.raises(UnmaskError, match="which is no file"):
        fetch_face_model()
    path = strangers_folder / "mine.onnx"
    path.write_bytes(MODEL)
    monkeypatch.setenv("UNMASK_FACE_MODEL", str(path))
    path.chmod(0)
    with pytest.raises(UnmaskError, match="cannot be read: Permission denied"):
        fetch_face_model()
    strangers_folder.chmod(0)
    with pytest.raises(UnmaskError, match="which is no file"):
        fetch_face_model()
    strangers_folder.chmod(0o700)


def test_a_wrong_file_from_the_hub_is_never_used_and_not_fetched_again(hub, caplog):
    hub.put(face_model.REPOSITORY, {face_model.FILE: MODEL + b"!"})
    assert fetch_face_model() is None
    assert "is not the known one" in caplog.text
    hub.requests.clear()
    assert fetch_face_model() is None
    assert hub.requests == []


def test_a_wrong_file_in_the_cache_is_never_used(hub, caplog, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    path = cache(MODEL[:-1])
    assert fetch_face_model() is None
    assert f"{path} is not the known one" in caplog.text


def test_offline_mode_uses_the_cache_and_asks_nobody(hub, monkeypatch, caplog):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert fetch_face_model() is None
    assert not face_model._failed_lately()
    assert cache(MODEL) == fetch_face_model()
    assert hub.requests == []
    assert not [record for record in caplog.records if record.name == "unmask"]


def test_without_a_network_one_attempt_is_made_and_said_in_one_line(hub, monkeypatch, caplog):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the discard port: nobody listens
    assert seconds_of(fetch_face_model) < 2.5
    assert fetch_face_model() is None
    (line,) = [record for record in caplog.records if record.name == "unmask"]
    assert "Haar" in line.message


def test_a_network_that_swallows_everything_costs_two_seconds_once(hub, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as mute:  # accepts, and never answers
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{mute.getsockname()[1]}")
        assert seconds_of(fetch_face_model) < 2.5
        assert seconds_of(fetch_face_model) < 0.1


def test_a_hub_that_falls_silent_amid_the_download_costs_two_seconds_too(hub):
    hub.put(face_model.REPOSITORY, {face_model.FILE: MODEL})
    hub.fail("GET .*/resolve/", SILENCE)
    assert seconds_of(fetch_face_model) < 2.5
    assert fetch_face_model() is None


def test_a_failed_attempt_is_remembered_by_the_next_process_for_a_day(hub, monkeypatch):
    assert fetch_face_model() is None  # this Hub has no such repository
    hub.put(face_model.REPOSITORY, {face_model.FILE: MODEL})
    monkeypatch.setattr(face_model, "_failed_here", False)
    assert fetch_face_model() is None
    a_day_ago = time.time() - face_model.PAUSE - 1
    os.utime(face_model._stamp(), (a_day_ago, a_day_ago))
    assert fetch_face_model() is not None


def test_a_home_that_cannot_be_written_is_no_obstacle(hub, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert fetch_face_model() is None
    hub.requests.clear()
    assert fetch_face_model() is None
    assert hub.requests == []


def test_the_published_model_is_the_one_we_know(hub, shared, monkeypatch):
    model = (shared / "pretrained" / face_model.FILE).read_bytes()
    monkeypatch.setattr(face_model, "DIGEST", DIGEST)
    hub.put(face_model.REPOSITORY, {face_model.FILE: model})
    assert make_face_finder(fetch_face_model()).name == "yunet"
