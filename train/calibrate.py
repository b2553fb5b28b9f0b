"""Calibrate a detector anew on the validation faces of its data, without training: thresholds, temperature, novelty.

The faces are those that the run in its train_config.json held out: give the same data sets. A data set that it did
not learn from is cut likewise, and its validation part is used.

examples:
  python train/calibrate.py runs/mine/detector --data data/faces --mirrored --output runs/recalibrated
  python train/calibrate.py src/unmask/default --data data/a --data data/b --error-rate 0.1 --output runs/careless
  python train/calibrate.py runs/a/detector --mean-with runs/b/detector --data data/faces --output runs/mean
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from unmask.errors import UnmaskError
from unmask.training.recalibration import Recalibration, recalibrate


def parse_arguments() -> Recalibration:
    """Return what the command line asks for."""
    summary, examples = (__doc__ or "").split("\n\nexamples")
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=summary, epilog=f"examples{examples}", formatter_class=layout)
    add = parser.add_argument
    add("detector", type=Path, help="the detector folder; it is left as it is")
    add("--data", metavar="ROOT", required=True, action="append", help="a data set of its run; may be repeated")
    add("--output", type=Path, metavar="DIR", required=True, help="the folder of the new detector")
    add("--mirrored", action="store_true", help="judge the mean of a face and its mirror image from now on")
    add(
        "--error-rate",
        type=float,
        metavar="SHARE",
        help="of each set's reals called fake (default: as it was, else 0.05)",
    )
    add(
        "--miss-rate",
        type=float,
        metavar="SHARE",
        help="of each set's fakes called real (default: as it was, else same)",
    )
    add("--crop-margin", type=float, metavar="SHARE", help="of the face box added on each side (default: as it was)")
    add("--mean-with", type=Path, metavar="DIR", help="another detector, to average the weights with")
    add("--share", type=float, default=0.5, metavar="SHARE", help="of that one in the mean (default: %(default)s)")
    add("--half", action="store_true", help="round the weights to half precision: files of half the size")
    add("--face-model", metavar="FILE", help="YuNet's file (default: UNMASK_FACE_MODEL, the Hub's cache, or Haar)")
    add("--workers", type=int, default=2, metavar="N", help="processes that load faces (default: %(default)s)")
    return Recalibration(**vars(parser.parse_args()))


def main() -> int:
    """Calibrate what the command line names; return 0, or 2 when something cannot be used."""
    try:
        for line in recalibrate(parse_arguments()):
            print(line)
    except UnmaskError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
