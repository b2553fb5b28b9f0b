"""Every file's facts, by several processes; a file that kills its process costs that file alone."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence

from tqdm import tqdm

from unmask.data.audit.facts import Facts, read_facts
from unmask.data.batch import run_batch

CHUNK = 32
Measure = Callable[[str], Facts]
Chunk = tuple[tuple[int, str], ...]


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
    """Yield index and facts; a chunk over which its process died is read again file by file."""
    rows = list(enumerate(paths))
    chunks = [tuple(rows[start : start + CHUNK]) for start in range(0, len(rows), CHUNK)]
    read_chunk = functools.partial(_measure_all, measure)
    for chunk, results in run_batch(read_chunk, chunks, processes):
        if results is None:
            yield from _gather_alone(chunk, measure)
        else:
            yield from results


def _gather_alone(chunk: Chunk, measure: Measure) -> Iterator[tuple[int, Facts]]:
    for (index, _), facts in run_batch(functools.partial(_measure_one, measure), chunk, 1):
        yield index, facts or Facts(problem="reading it ended the process. Try another copy of it.")


def _measure_all(measure: Measure, chunk: Chunk) -> list[tuple[int, Facts]]:
    return [(index, measure(path)) for index, path in chunk]


def _measure_one(measure: Measure, row: tuple[int, str]) -> Facts:
    return measure(row[1])
