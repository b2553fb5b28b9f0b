"""Turn a peer's Keras weights (MesoNet's .h5 files) into a detector folder.

examples:
  python train/import_keras.py Meso4_DF.h5 --output runs/meso4-df
  python train/import_keras.py Meso4_DF.h5 --output runs/meso4-df --data data/ffpp --license apache-2.0

Without --data it is not calibrated, and every verdict is `uncertain`.
"""

import argparse
import sys

from unmask.errors import UnmaskError
from unmask.evaluation.keras_import import KerasImport, import_keras


def parse_arguments(arguments: list[str]) -> KerasImport:
    """Return what the command line asks for."""
    summary, examples = (__doc__ or "").split("\n\n", 1)
    parser = argparse.ArgumentParser(
        description=summary, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("file", metavar="FILE.h5", help="Meso4 or MesoInception4 weights")
    add("--output", metavar="DIR", required=True, help="the detector folder to write")
    add("--data", metavar="ROOT", default=[], action="append", help="calibrate on this data set; may be repeated")
    add("--split", choices=["train", "validation", "test"], default="train", help="calibrate on it (default: train)")
    add("--limit", type=int, metavar="N", default=1000, help="calibrate on N pictures of each (default: 1000)")
    add("--layout", metavar="NAME", help="the data sets' layout (default: recognised)")
    add("--name", help="the detector's name (default: the file's)")
    add("--crop-margin", type=float, metavar="F", default=0.1, help="widen the face box by F (default: 0.1)")
    add("--license", default="unknown", help="the licence of the weights (default: unknown)")
    return KerasImport(**vars(parser.parse_args(arguments)))


def main(arguments: list[str] | None = None) -> int:
    """Import what the command line names; return 0, or 2 when something cannot be used."""
    try:
        folder = import_keras(parse_arguments(sys.argv[1:] if arguments is None else arguments))
    except UnmaskError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Detector: {folder}\nScore it: python train/score.py --detector {folder} --data ROOT --output runs/scores")
    return 0


if __name__ == "__main__":
    sys.exit(main())
