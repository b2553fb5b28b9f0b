"""What a launcher was asked for, the processes that are started for it, and how they end together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from unmask.errors import TrainingError
from unmask.training.launch import Launch, launch_asked_for

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("launcher", "environment", "launch"),
    [
        ("accelerate launch --num_processes 2 --cpu train/train.py", {}, Launch(2)),  # as the README has it
        ("accelerate launch --num-processes=3 --cpu train/train.py", {}, Launch(3)),  # as it may be typed, too
        ("python -m accelerate.commands.launch --cpu --num_processes 2 x", {}, Launch(2)),  # as a module
        ("accelerate launch --num_processes 2 --cpu x", {"RANK": "1"}, None),  # one of the processes itself
        ("accelerate launch --num_processes 2 --cpu x", {"PMI_RANK": "0"}, None),  # one of MPI's
        ("accelerate launch --num_processes 2 x", {}, None),  # on GPUs accelerate starts them
        ("accelerate launch --cpu train/train.py", {}, None),  # one by default
        ("bash -c train/train.py --num_processes 2 --cpu", {}, None),  # another launcher
        (
            "accelerate launch --cpu --num_processes 4 --num_machines 2 --machine_rank 1 --main_process_ip 10.0.0.1 "
            "--main_process_port 29501 x",
            {},
            Launch(2, 2, 1, "10.0.0.1", 29501),
        ),  # the second of two machines
    ],
)
def test_what_a_launcher_was_asked_for(launcher: str, environment: dict[str, str], launch: Launch | None) -> None:
    assert launch_asked_for(launcher.split(), environment) == launch


def test_processes_that_do_not_fit_the_machines_are_refused() -> None:
    with pytest.raises(TrainingError, match="cannot be shared out"):
        launch_asked_for("accelerate launch --cpu --num_processes 3 --num_machines 2 x".split(), {})


def test_ranks_go_on_over_the_machines() -> None:
    environments = Launch(2, 2, 1, "10.0.0.1", 29501).environments()
    assert [(e["RANK"], e["LOCAL_RANK"], e["WORLD_SIZE"]) for e in environments] == [("2", "0", "4"), ("3", "1", "4")]
    assert {(e["MASTER_ADDR"], e["MASTER_PORT"]) for e in environments} == {("10.0.0.1", "29501")}


def start(tmp_path: Path, script: str) -> subprocess.Popen[str]:
    """Start two processes of a script, as `run_processes` does in the place of the launched one."""
    (tmp_path / "work.py").write_text(script)
    code = (
        "import sys; from unmask.training.launch import Launch, run_processes; "
        f"sys.exit(run_processes(Launch(2), {str(tmp_path / 'work.py')!r}, [{str(tmp_path)!r}]))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, text=True)


SAVES_WHEN_ASKED = """
import os, pathlib, signal, sys, time
folder, rank = pathlib.Path(sys.argv[1]), os.environ["RANK"]
def save(number, frame):
    time.sleep(0.3)  # longer than the other process, as a large checkpoint takes
    (folder / f"saved-{rank}").touch()
    sys.exit(128 + number)
signal.signal(signal.SIGTERM, save)
(folder / f"ready-{rank}").touch()
time.sleep(60)
"""


def test_a_signal_reaches_every_process_and_is_waited_for(tmp_path: Path) -> None:
    launcher = start(tmp_path, SAVES_WHEN_ASKED)
    while len(list(tmp_path.glob("ready-*"))) < 2:
        assert launcher.poll() is None
        time.sleep(0.02)
    launcher.send_signal(signal.SIGTERM)
    assert launcher.wait(timeout=60) == 128 + signal.SIGTERM
    assert len(list(tmp_path.glob("saved-*"))) == 2


def test_one_that_fails_gives_its_code(tmp_path: Path) -> None:
    launcher = start(tmp_path, "import os, sys; sys.exit(3 * int(os.environ['RANK']))")
    assert launcher.wait(timeout=60) == 3
