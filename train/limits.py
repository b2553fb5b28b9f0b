"""Measure where a detector's verdicts stop holding: its validation faces made smaller, blurred and compressed.

It prints a table of the verdicts, without and with the limits that the detector has, and the limits beyond which a
face gets no verdict: the last step at which at most 15 % of the decided faces of a class are judged wrongly, in the
mean of the data sets. With --write they go into its config.json. The faces are those that the run in its
train_config.json held out: give the same data sets.

examples:
  python train/limits.py runs/mine/detector --data data/faces
  python train/limits.py runs/mine/detector --data data/a --data data/b --faces 500 --write
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import sys
from pathlib import Path

from unmask.detector import Detector
from unmask.detector_folder import REPORT
from unmask.errors import UnmaskError
from unmask.hub import fetch_face_model
from unmask.training.limits import describe_rungs, find_limits, held_out_faces, worsen_faces, write_limits


def parse_arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    summary, examples = (__doc__ or "").split("\n\nexamples")
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=summary, epilog=f"examples{examples}", formatter_class=layout)
    add = parser.add_argument
    add("detector", type=Path, help="the detector folder")
    add("--data", metavar="ROOT", required=True, action="append", help="a data set of its run; may be repeated")
    add("--faces", type=int, default=200, metavar="N", help="of each data set, taken evenly (default: %(default)s)")
    add("--write", action="store_true", help="write the limits into the detector's config.json")
    add("--face-model", metavar="FILE", help="YuNet's file (default: UNMASK_FACE_MODEL, the Hub's cache, or Haar)")
    add("--workers", type=int, default=2, metavar="N", help="processes that look for faces (default: %(default)s)")
    arguments = parser.parse_args()
    if arguments.faces < 1:
        parser.error("--faces is below 1. Give how many faces of each data set to measure on.")
    return arguments


def main() -> int:
    """Measure what the command line names; return 0, or 2 when something cannot be used."""
    run = parse_arguments()
    try:
        face_model = Path(run.face_model) if run.face_model else fetch_face_model()
        faces = held_out_faces(run.detector, run.data, face_model, run.faces, run.workers)
        detector = Detector(run.detector)
        rows = worsen_faces(detector, faces)
        print("\n".join(describe_rungs(rows)))
        found = find_limits(rows)
        limits = dataclasses.replace(detector.settings.limits, **found)
        print(f"\n{len(faces)} faces. limits: {json.dumps(dataclasses.asdict(limits))}")
        if stayed := [name for name in dataclasses.asdict(limits) if name not in found]:
            print(f"As they were, for want of decided faces or of a rung that holds: {', '.join(stayed)}.")
        if run.write:
            write_limits(run.detector, limits)
            print(f"Written to {run.detector / 'config.json'}.")
            if (run.detector / REPORT).is_file():
                print("Its report counts verdicts by the limits of before. Score it again: python train/score.py")
    except UnmaskError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
