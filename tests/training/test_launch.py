"""How many processes a launcher was asked for."""

from __future__ import annotations

import pytest

from unmask.training.launch import processes_asked_for


@pytest.mark.parametrize(
    ("launcher", "environment", "count"),
    [
        ("accelerate launch --num_processes 2 --cpu train/train.py", {}, 2),  # as the README has it
        ("accelerate launch --num-processes=3 --cpu train/train.py", {}, 3),  # as it may be typed, too
        ("python -m accelerate.commands.launch --cpu --num_processes 2 x", {}, 2),  # as a module
        ("accelerate launch --num_processes 2 --cpu x", {"RANK": "1"}, 1),  # one of the processes itself
        ("accelerate launch --num_processes 2 --cpu x", {"PMI_RANK": "0"}, 1),  # one of MPI's
        ("accelerate launch --num_processes 2 x", {}, 1),  # on GPUs accelerate starts them
        ("accelerate launch --cpu train/train.py", {}, 1),  # one by default
        ("bash -c train/train.py --num_processes 2 --cpu", {}, 1),  # another launcher
    ],
)
def test_processes_asked_for(launcher: str, environment: dict[str, str], count: int) -> None:
    assert processes_asked_for(launcher.split(), environment) == count
