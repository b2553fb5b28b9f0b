"""Fixtures of the Hub's tests: a scored detector, and a Hub on the loopback that the real client talks to."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from huggingface_hub import constants, file_download
from huggingface_hub.utils import _http as client_http

from unmask.files import file_digest

from .loopback_hub import WRITE_TOKEN, LoopbackHub

SCORES = {
    "name": "dfdc-faces",
    "split": "test",
    "counts": {"total": 10, "real": 5, "fake": 5, "scored": 9, "no_face": 1, "unreadable": 0},
    "seen_in_training": True,
    "metrics": {"accuracy": 0.8, "precision": 0.7, "recall": 0.6, "f1": 0.65, "auc": 0.912345, "eer": 0.1},
    "verdicts": {"real": {"real": 4, "fake": 1}, "fake": {"uncertain": 1, "fake": 3, "no_face": 1}},
}


@pytest.fixture
def scored_detector(tiny_detector: Path, tmp_path: Path) -> Path:
    """A copy of the tiny detector with a report and a run; free to be changed."""
    folder = shutil.copytree(tiny_detector, tmp_path / "scored")
    weights = {name: file_digest(folder / name) for name in ("model.onnx", "model.safetensors")}
    report = {"format_version": 1, "date": "2026-01-02", "command": "python train/score.py"}
    (folder / "report.json").write_text(json.dumps(report | {"weights": weights, "datasets": [SCORES]}))
    (folder / "train_config.json").write_text(json.dumps({"backbone": "test_resnet", "data": ["dfdc-faces"]}))
    return folder


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LoopbackHub]:
    """A running Hub that the client talks to, with its own cache, a token that may write, and no waiting."""
    server = LoopbackHub()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_TOKEN", WRITE_TOKEN)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)  # the loopback speaks LFS, not Xet
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    # The client waits 1 to 8 s between its six attempts: the attempts stay, the waiting goes.
    for module in (client_http, file_download):
        monkeypatch.setattr(module, "time", SimpleNamespace(sleep=lambda seconds: None))
    yield server
    server.shutdown()
    server.server_close()
