"""Several processes on a CPU, as `accelerate launch --num_processes 2 --cpu` asks for.

On a CPU accelerate leaves the starting to MPI and, without a host file, runs one process and says nothing.
So the script looks up what its launcher was asked for and has torch start the processes.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise

import psutil
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import main as torchrun

# Set in every process that a launcher started as one of several.
RANKS = ("RANK", "PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK")


def processes_asked_for(launcher: Sequence[str], environment: dict[str, str]) -> int:
    """Return how many processes this one still has to start, 1 for none.

    Args:
        launcher: The command line of the parent process.
        environment: The environment of this process.

    Example:
        >>> processes_asked_for(["accelerate", "launch", "--cpu", "--num_processes", "2"], {})
        2
    """
    words = [part for word in launcher for part in word.split("=", 1)]
    if not any("accelerate" in word for word in words) or any(rank in environment for rank in RANKS):
        return 1
    if "--cpu" not in words or "--num_machines" in words or "--mpirun_hostfile" in words:
        return 1
    for name, value in pairwise(words):
        if name.replace("-", "_") == "__num_processes" and value.isdigit():
            return max(1, int(value))
    return 1


def start_processes(script: str, arguments: Sequence[str]) -> int | None:
    """Run the script in as many processes as its launcher asked for, and return their exit code.

    Returns None when this process is to do the work itself.
    """
    parent = psutil.Process().parent()
    count = processes_asked_for(parent.cmdline() if parent else [], dict(os.environ))
    if count == 1:
        return None
    try:
        torchrun(["--standalone", "--nproc_per_node", str(count), script, *arguments])
    except ChildFailedError as error:
        return max(failure.exitcode for failure in error.failures.values())
    return 0
