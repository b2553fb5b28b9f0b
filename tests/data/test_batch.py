"""Work in several processes: one that dies costs its own task, an error stops all, a dead parent leaves none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from unmask.data.batch import run_batch
from unmask.errors import DataError


def die_over_three(number):
    """Return a number's double; over 3 the process dies, as a crashing decoder would have it."""
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def test_a_process_that_dies_costs_its_own_task_alone():
    done = dict(run_batch(die_over_three, range(6), processes=2))
    assert done == {number: None if number == 3 else 2 * number for number in range(6)}


def raise_over_three(number):
    if number == 3:
        raise DataError("the disk is full")
    return number


def test_an_error_of_the_work_stops_the_batch():
    with pytest.raises(DataError, match="disk is full"):
        list(run_batch(raise_over_three, range(8), processes=2))


def sleep_and_tell(path):
    """Write this process's id and sleep for longer than the test waits."""
    Path(path).write_text(str(os.getpid()))
    time.sleep(600)


def test_processes_end_with_a_killed_parent(tmp_path):
    told = tmp_path / "child"
    script = tmp_path / "parent.py"
    script.write_text(
        "from test_batch import sleep_and_tell\nfrom unmask.data.batch import run_batch\n"
        f"if __name__ == '__main__':\n    list(run_batch(sleep_and_tell, [{str(told)!r}], 1))\n"
    )
    paths = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    parent = subprocess.Popen([sys.executable, script], env=paths)
    wait_until(lambda: told.exists() and told.read_text())
    parent.kill()
    parent.wait()
    wait_until(lambda: not is_running(int(told.read_text())))


def wait_until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


def is_running(process):
    """Say whether a process lives; one that nobody has collected yet counts as ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
