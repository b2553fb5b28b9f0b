"""Every file's facts, by several processes; a file that kills its process costs that file alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

from tqdm import tqdm

from unmask.data.audit.facts import Facts, read_facts

CHUNK = 32
Measure = Callable[[str], Facts]


def gather_facts(
    paths: Sequence[str], processes: int = 1, *, measure: Measure = read_facts, progress: bool = True
) -> list[Facts]:
    """Return the facts of every file, in order.

    Args:
        paths: Files to look at.
        processes: How many processes decode; with 1 the files are read in this one.
        measure: What reads one file; it never raises.
        progress: Show a bar on standard error.
    """
    facts: dict[int, Facts] = {}
    with tqdm(total=len(paths), unit="file", desc="Reading", disable=not progress, delay=1.0) as bar:
        if processes <= 1:
            for index, path in enumerate(paths):
                facts[index] = measure(path)
                bar.update()
        else:
            for index, result in _gather_aside(paths, processes, measure):
                facts[index] = result
                bar.update()
    return [facts[index] for index in range(len(paths))]


def _gather_aside(paths: Sequence[str], processes: int, measure: Measure) -> Iterator[tuple[int, Facts]]:
    """Yield index and facts from a pool; what a broken pool left undone is read file by file."""
    chunks = [range(start, min(start + CHUNK, len(paths))) for start in range(0, len(paths), CHUNK)]
    undone = set(range(len(paths)))
    try:
        with _pool(processes) as pool:
            waiting = {pool.submit(_measure_all, measure, [paths[i] for i in chunk]): chunk for chunk in chunks}
            for done in as_completed(waiting):
                for index, result in zip(waiting[done], done.result(), strict=True):
                    undone.discard(index)
                    yield index, result
    except BrokenProcessPool:
        for index in sorted(undone):
            yield index, _measure_alone(measure, paths[index])


def _measure_alone(measure: Measure, path: str) -> Facts:
    try:
        with _pool(1) as pool:
            return pool.submit(measure, path).result()
    except BrokenProcessPool:
        return Facts(problem="reading it ended the process. Try another copy of it.")


def _measure_all(measure: Measure, paths: list[str]) -> list[Facts]:
    return [measure(path) for path in paths]


def _pool(processes: int) -> ProcessPoolExecutor:
    # A fresh interpreter: a forked one would inherit the threads of whatever the caller has loaded.
    return ProcessPoolExecutor(processes, mp_context=get_context("spawn"))
