"""The command line without its commands: version, help, and how little they import."""

from __future__ import annotations

import subprocess
import sys

import pytest

from unmask import __version__, cli


def run(*arguments: object) -> int:
    """Run the command in this process and return its exit code."""
    with pytest.raises(SystemExit) as end:
        cli.main([str(argument) for argument in arguments])
    return int(end.value.code or 0)


def test_version_help_and_the_bare_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"unmask {__version__}\n"
    assert run() == 0
    assert "predict" in capsys.readouterr().out
    assert run("predict", "--help") == 0
    assert "unmask predict --json holiday/ > verdicts.jsonl" in capsys.readouterr().out


def test_python_dash_m_is_the_same_command() -> None:
    found = subprocess.run([sys.executable, "-m", "unmask", "--version"], capture_output=True, text=True, check=True)
    assert found.stdout == f"unmask {__version__}\n"


def test_help_and_version_do_not_even_import_numpy() -> None:
    code = """
import sys
from unmask import cli
for words in (["--version"], ["predict", "--help"]):
    try: cli.main(words)
    except SystemExit: pass
sys.exit("numpy" in sys.modules or "onnxruntime" in sys.modules)"""
    assert subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL).returncode == 0
