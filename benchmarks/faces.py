"""Milliseconds that judging a face takes, of one detector or of several side by side.

    python benchmarks/faces.py                                        # the shipped detector
    python benchmarks/faces.py src/unmask/default runs/mine/detector # and what others take of the same cores

From the crop of one face to its fake probability, both views where the detector averages two; no face is looked for.
One worker, and two side by side, as pictures are judged: what a face takes is then the seconds by the faces of both.
The detectors take turns, so that a busy machine slows all alike; given are the median of the turns and its ratio to the
first's.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from unmask import load_detector
from unmask.detector import Detector


def main(arguments: list[str]) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("detectors", nargs="*", metavar="DIR_OR_HUB_ID", help="the shipped one without any")
    parser.add_argument("--faces", type=int, default=60, help="faces in a turn")
    parser.add_argument("--turns", type=int, default=7)
    options = parser.parse_args(arguments)
    detectors = [load_detector(name) for name in options.detectors or [None]]
    crops = np.random.default_rng(0).integers(0, 256, (options.faces, 300, 300, 3), np.uint8)
    for workers in (1, 2):
        taken: list[list[float]] = [[] for _ in detectors]
        for _ in range(options.turns):
            for detector, times in zip(detectors, taken, strict=True):
                times.append(judge(detector, crops, workers))
        first = statistics.median(taken[0])
        for detector, times in zip(detectors, taken, strict=True):
            each = statistics.median(times)
            print(f"{detector.name}, {workers} at a time: {each:.1f} ms a face, {each / first:.2f} of the first's")
    for detector in detectors:
        size = sum(path.stat().st_size for path in Path(detector.folder).iterdir())
        print(f"{detector.name}: {size / 1e6:.1f} MB on disk")
    return 0


def judge(detector: Detector, crops: np.ndarray, workers: int) -> float:
    """Return the milliseconds a face [S, S, 3] of these took, each judged by itself."""
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(lambda crop: detector.score_faces([crop]), crops[:workers]))  # threads start, caches fill
        started = time.perf_counter()
        list(pool.map(lambda crop: detector.score_faces([crop]), crops))
        return 1000 * (time.perf_counter() - started) / len(crops)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
