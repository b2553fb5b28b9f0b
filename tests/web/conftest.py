"""What the tests of the page share: the folder that Gradio keeps uploads in."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that Gradio keeps uploads in, for one test."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    (tmp_path / "uploads").mkdir()
    return tmp_path / "uploads"
