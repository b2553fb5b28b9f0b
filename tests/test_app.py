"""`python app.py`, as a person starts it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def start(tmp_path: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "app.py")],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "GRADIO_TEMP_DIR": str(tmp_path / "uploads"), **environment},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_serves_where_the_environment_says_or_on_the_next_port(tiny_detector: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start(tmp_path, UNMASK_DETECTOR=str(tiny_detector), GRADIO_SERVER_PORT=str(port))
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            address = re.search(r"Unmask is at (http://127\.0\.0\.1:(\d+)/)", line)
            assert address, (line, process.stderr and process.stderr.read())
            assert int(address[2]) > port
            with urllib.request.urlopen(address[1], timeout=30) as reply:
                assert "Unmask" in reply.read().decode()
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()
            process.communicate()


def test_a_detector_that_is_not_there_is_one_line_and_no_traceback(tmp_path: Path) -> None:
    process = start(tmp_path, UNMASK_DETECTOR=str(tmp_path / "nothing"))
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert errors.startswith("There is no detector at")
    assert "Traceback" not in errors
