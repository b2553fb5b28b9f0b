"""Which faces a step takes: the same for any sharing out, and from the middle of an epoch on."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Iterator

import pytest

pytest.importorskip("torch", reason="training needs the train extra")

from hypothesis import given
from hypothesis import strategies as st

from unmask.training.batches import EpochBatches


class Rows:
    """Stands in for EpochSampler: row r of epoch e is e * 1000 + r."""

    def __init__(self, count: int) -> None:
        self.count, self.epoch = count, 0

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        return iter(range(1000 * self.epoch, 1000 * self.epoch + self.count))


KEEPS_ITS_BATCHES = """
import builtins
from unmask.training.batches import validation_loader
from unmask.training.config import TrainConfig
builtins.kept = iter(validation_loader([1, 2, 3, 4], TrainConfig(workers=1, batch_size=1)))
next(builtins.kept)
"""


def test_loading_processes_that_are_left_do_not_keep_a_run_from_ending() -> None:
    """As after an error, whose traceback holds the batches; the processes themselves ignore SIGTERM."""
    ended = subprocess.run([sys.executable, "-c", KEEPS_ITS_BATCHES], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")


small = st.integers(1, 4)


@given(st.integers(0, 90), small, small, small)
def test_processes_together_take_what_one_with_a_larger_batch_takes(
    count: int, size: int, accumulate: int, processes: int
) -> None:
    alone = list(EpochBatches(Rows(count), size * processes, accumulate))
    shared = [list(EpochBatches(Rows(count), size, accumulate, rank, processes)) for rank in range(processes)]
    assert [list(itertools.chain(*parts)) for parts in zip(*shared, strict=True)] == alone


@given(st.integers(0, 90), small, small, st.integers(0, 5))
def test_going_on_leaves_out_what_was_done(count: int, size: int, accumulate: int, done: int) -> None:
    plan = EpochBatches(Rows(count), size, accumulate)
    plan.start(2)
    whole = list(plan)
    done = min(done, plan.steps)
    plan.start(2, done)
    assert list(plan) == whole[done * accumulate :]
    assert len(plan) == len(whole) - done * accumulate
