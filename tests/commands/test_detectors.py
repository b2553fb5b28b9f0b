"""`unmask detectors`: what it prints where the output cannot spell every letter; the rest is in hub/test_cached.py."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path


def test_a_folder_that_the_output_cannot_spell_is_no_end(tiny_detector: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(tiny_detector, tmp_path / "Łódź"))
    code = (
        "import sys; from pathlib import Path; from unmask import cli; from unmask.hub import loading\n"
        f"loading.SHIPPED = Path({str(folder)!r}); cli.main(['detectors'])"
    )
    environment = {
        **os.environ,
        "PYTHONIOENCODING": "cp1252",
        "HF_HUB_CACHE": str(tmp_path),
    }  # as Windows
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment)
    assert (found.returncode, found.stderr) == (0, b"")
    assert found.stdout.decode("cp1252").rstrip().endswith("?ód?")
