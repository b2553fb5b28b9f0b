"""A command line whose output finds no place says so in one line at the most; any other error stays what it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from unmask.quiet_ends import quiet_ends

FULL = Path("/dev/full")


def run(code: str, stdout: int) -> subprocess.CompletedProcess[bytes]:
    """Run code under `quiet_ends` in a process of its own."""
    whole = f"from unmask.quiet_ends import quiet_ends\nwith quiet_ends():\n    {code}"
    return subprocess.run([sys.executable, "-c", whole], stdout=stdout, stderr=subprocess.PIPE, check=False)


PRINTED = [
    "print('a line')",  # still in the buffer at the end
    "print('a line', flush=True)",  # told at once
    "print('x' * 100_000)",  # more than the buffer takes
    "print('a line'); raise SystemExit(0)",  # with an exit code of its own
]


@pytest.mark.skipif(not FULL.exists(), reason="this system has no full device")
@pytest.mark.parametrize("code", PRINTED)
def test_a_full_disk_is_one_line(code: str) -> None:
    with FULL.open("wb") as full:
        done = run(code, full.fileno())
    line = "Could not write the output: No space left on device. Free some space, or send it elsewhere.\n"
    assert (done.returncode, done.stderr.decode()) == (2, line)


@pytest.mark.parametrize("code", PRINTED)
def test_a_reader_that_went_away_is_no_line(code: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = run(code, writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


def test_ctrl_c_is_no_line() -> None:
    done = run("raise KeyboardInterrupt", subprocess.DEVNULL)
    assert (done.returncode, done.stderr) == (130, b"")


def test_an_error_of_something_else_is_not_taken_for_the_outputs(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), quiet_ends():
        (tmp_path / "missing").read_bytes()
