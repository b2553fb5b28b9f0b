"""Work done in several processes, of which any may die without stopping the rest.

A hostile file can crash a decoder, and the memory it wants can have its process killed. The standard pool
then gives up all work. Here the tasks that were at work are done again, each in a process of its own, and
one that dies there is reported.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def run_batch(
    work: Callable[[Task], Result], tasks: Sequence[Task], processes: int
) -> Iterator[tuple[Task, Result | None]]:
    """Yield each task with its result as it is done, in any order; None where its process died over it.

    `work` and the tasks are pickled. What `work` raises is raised here and stops the batch. Processes end
    with this one, even if it is killed.

    Example:
        >>> sorted(run_batch(abs, [-2, 3], processes=2))  # doctest: +SKIP
        [(-2, 2), (3, 3)]
    """
    left = list(tasks)
    while left:
        running: dict[Future[Result], Task] = {}
        with _pool(min(processes, len(left))) as pool:
            try:
                yield from _run(pool, work, left, running, processes)
            except BrokenProcessPool:
                pass
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
        suspects = [task for task in running.values() if task in left]
        for task in suspects:
            yield task, _run_alone(work, task)
            left.remove(task)


def _run(
    pool: ProcessPoolExecutor,
    work: Callable[[Task], Result],
    left: list[Task],
    running: dict[Future[Result], Task],
    processes: int,
) -> Iterator[tuple[Task, Result | None]]:
    """Hand out tasks, no more than can be at work; take what is done off `left` and `running`."""
    waiting = iter(list(left))
    while True:
        while len(running) < processes + 1 and (task := next(waiting, None)) is not None:
            running[pool.submit(work, task)] = task
        if not running:
            return
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            result = future.result()
            task = running.pop(future)
            left.remove(task)
            yield task, result


def _run_alone(work: Callable[[Task], Result], task: Task) -> Result | None:
    with _pool(1) as pool:
        try:
            return pool.submit(work, task).result()
        except BrokenProcessPool:
            return None


def _pool(processes: int) -> ProcessPoolExecutor:
    # Spawned, not forked: a fork copies the locks of threads that other libraries run.
    return ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=_end_with_parent)


def _end_with_parent() -> None:
    """Have this process end when its parent does: a killed parent cannot tell it to."""
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True, name="end-with-parent").start()
