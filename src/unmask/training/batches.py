"""The batches of a run: which faces each process takes in each step, from any step of an epoch on.

What a face looks like depends on the seed, the epoch and its row alone, so to go on in the middle of an epoch
is to leave out its first batches, without loading them.
"""

from __future__ import annotations

import atexit
import multiprocessing
import re
import signal
from collections.abc import Iterator

import torch
from torch.utils.data import DataLoader, Sampler

from unmask.data.faces_dataset import EpochSampler, FacesDataset
from unmask.errors import TrainingError, UnmaskError
from unmask.training.config import TrainConfig

# A worker's error comes as RuntimeError, or as its own kind with the traceback for a message.
LOADING_ERRORS = (UnmaskError, RuntimeError, OSError)


class EpochBatches(Sampler[list[int]]):
    """The batches of one process in one epoch; the faces that do not fill a step of all processes are left out.

    Processes take turns: of `processes` consecutive batches the first is process 0's, so that N processes see
    in one step what a single one with a batch N times as large would see.
    """

    def __init__(self, rows: EpochSampler, batch_size: int, accumulate: int, rank: int = 0, processes: int = 1) -> None:
        self._rows, self._size, self._accumulate = rows, batch_size, accumulate
        self._rank, self._processes = rank, processes
        self._skipped = 0

    @property
    def steps(self) -> int:
        """Return the optimizer's steps in one epoch."""
        return len(self._rows) // (self._size * self._processes * self._accumulate)

    def start(self, epoch: int, step: int = 0) -> None:
        """Name the epoch to draw next, from 0, and how many of its steps are done already."""
        self._rows.set_epoch(epoch)
        self._skipped = step * self._accumulate

    def __len__(self) -> int:
        return self.steps * self._accumulate - self._skipped

    def __iter__(self) -> Iterator[list[int]]:
        rows = list(self._rows)
        for number in range(self._skipped, self.steps * self._accumulate):
            first = (number * self._processes + self._rank) * self._size
            yield rows[first : first + self._size]


def why_not_loaded(error: Exception) -> str:
    """Return in a line why a batch could not be loaded; of a worker's traceback only the last line counts."""
    last = (str(error).strip() or type(error).__name__).splitlines()[-1]
    return re.sub(r"^[\w.]+(Error|Image|Exception): ", "", last)


def training_loader(
    dataset: FacesDataset, config: TrainConfig, rank: int, processes: int
) -> tuple[DataLoader, EpochBatches]:
    """Return a loader of this process's training batches, and the plan that says which they are.

    Raises:
        TrainingError: the faces do not fill one step.
    """
    rows = EpochSampler(dataset, config.balance, config.seed, config.dataset_power)
    batches = EpochBatches(rows, config.batch_size, config.accumulate, rank, processes)
    if not batches.steps:
        raise TrainingError(f"{len(dataset)} training faces are fewer than one batch per process. Lower --batch-size.")
    return _loader(dataset, config, batch_sampler=batches, persistent_workers=config.workers > 0), batches


def validation_loader(dataset: FacesDataset, config: TrainConfig) -> DataLoader:
    """Return a loader of the validation faces in their order."""
    return _loader(dataset, config, batch_size=config.batch_size)


def _loader(dataset: FacesDataset, config: TrainConfig, **how: object) -> DataLoader:
    return DataLoader(
        dataset,
        num_workers=config.workers,
        worker_init_fn=_ignore_stop_signals,
        # Its own, so that a new loader takes nothing from the generator that dropout draws from.
        generator=torch.Generator().manual_seed(config.seed),
        pin_memory=torch.cuda.is_available(),
        **how,
    )


def _ignore_stop_signals(worker: int) -> None:
    """Leave stopping to the training process: a terminal sends Ctrl-C to the loading processes, too."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


@atexit.register
def _kill_workers() -> None:
    """End the loading processes that are left, as after an error: Python asks them by SIGTERM and waits for ever."""
    left = [process for process in multiprocessing.active_children() if process.daemon]
    if left and hasattr(signal, "SIGCHLD"):  # not on Windows
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # torch's handler takes a killed worker for a crash
    for process in left:
        process.kill()
