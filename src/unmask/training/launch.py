"""Several processes on a CPU, on one machine or more, as `accelerate launch --cpu --num_processes 2` asks for.

On a CPU accelerate leaves the starting to MPI and, without a host file, runs one process and says nothing.
So the script looks up what its launcher was asked for and starts the processes itself. Signals are passed on
to them, and the exit code is theirs, so that a run that is stopped has the time to save.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import FrameType

import psutil

from unmask.errors import TrainingError

# Set in every process that a launcher started as one of several.
RANKS = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")
SET_PARENT_DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG
SECONDS_TO_FAIL_TOGETHER = 20.0


@dataclass(frozen=True)
class Launch:
    """The processes to start on this machine, and where it stands among the others."""

    processes: int
    machines: int = 1
    machine: int = 0
    address: str = "127.0.0.1"
    port: int = 0

    def environments(self) -> list[dict[str, str]]:
        """Return for each process what torch.distributed and accelerate look for in the environment."""
        port = self.port or _free_port()
        common = {
            "WORLD_SIZE": self.processes * self.machines,
            "LOCAL_WORLD_SIZE": self.processes,
            "MASTER_ADDR": self.address,
            "MASTER_PORT": port,
        }
        return [
            {key: str(value) for key, value in (common | {"RANK": first + local, "LOCAL_RANK": local}).items()}
            for first in (self.machine * self.processes,)
            for local in range(self.processes)
        ]


def launch_asked_for(launcher: Sequence[str], environment: dict[str, str]) -> Launch | None:
    """Return what this process still has to start, None where it is to do the work itself.

    Args:
        launcher: The command line of the parent process.
        environment: The environment of this process.

    Raises:
        TrainingError: the processes cannot be shared out to the machines.

    Example:
        >>> launch_asked_for(["accelerate", "launch", "--cpu", "--num_processes", "2"], {}).processes
        2
    """
    words = [part for word in launcher for part in word.split("=", 1)]
    if not any("accelerate" in word for word in words) or any(rank in environment for rank in RANKS):
        return None
    if "--cpu" not in words or "--mpirun_hostfile" in words:
        return None
    flags = {name.lstrip("-").replace("-", "_"): value for name, value in pairwise(words) if name.startswith("--")}
    processes, machines, machine = (
        int(flags.get(name, default))
        for name, default in (("num_processes", 1), ("num_machines", 1), ("machine_rank", 0))
    )
    if processes % machines or machine >= machines:
        raise TrainingError(
            f"{processes} processes cannot be shared out to {machines} machines, of which this is {machine}. "
            "--num_processes counts those of all machines, --machine_rank goes from 0."
        )
    if processes == 1:
        return None
    address, port = flags.get("main_process_ip", "127.0.0.1"), int(flags.get("main_process_port", 0))
    return Launch(processes // machines, machines, machine, address, port)


def start_processes(script: str, arguments: Sequence[str]) -> int | None:
    """Run the script in as many processes as its launcher asked for, and return their exit code.

    Returns None when this process is to do the work itself.
    """
    parent = psutil.Process().parent()
    launch = launch_asked_for(parent.cmdline() if parent else [], dict(os.environ))
    if launch is None:
        return None
    return run_processes(launch, script, arguments)


def run_processes(launch: Launch, script: str, arguments: Sequence[str]) -> int:
    """Start the processes of this machine, pass signals on to them, and return their exit code."""
    started: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, frame: FrameType | None) -> None:
        for process in started:
            if process.poll() is None:
                process.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, pass_on)
    for environment in launch.environments():
        started.append(subprocess.Popen([sys.executable, script, *arguments], env=os.environ | environment))
    return _wait(started)


def follow_launcher() -> None:
    """Have Linux send SIGTERM when the launcher dies, so that a run is saved and not left behind alone.

    A launcher that gets SIGTERM itself, as from a batch system, ends without telling its processes.
    """
    parent = psutil.Process().parent()
    launched = any(rank in os.environ for rank in RANKS) or any(
        "accelerate" in w for w in (parent.cmdline() if parent else [])
    )
    if launched and sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM)


def _wait(started: Sequence[subprocess.Popen[bytes]]) -> int:
    """Return the first exit code that is not 0 when all have ended; one that failed takes the others along."""
    failed_at: float | None = None
    code = 0
    while any(process.poll() is None for process in started):
        time.sleep(0.05)
        failed = next((process.returncode for process in started if process.poll()), 0)
        if failed and failed_at is None:
            code, failed_at = failed, time.monotonic()
        stopped_by_signal = code in (128 + signal.SIGINT, 128 + signal.SIGTERM)
        if failed_at and not stopped_by_signal and time.monotonic() - failed_at > SECONDS_TO_FAIL_TOGETHER:
            for process in started:
                process.kill()
    code = code or next((process.returncode for process in started if process.returncode), 0)
    return 128 - code if code < 0 else code


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
