"""Cut the faces out of a data set of pictures or clips and write them as a data set that training reads.

examples:
  python train/prepare.py --data data/FaceForensics++ --output data/ffpp-faces
  python train/prepare.py --data data/celeb-df --output data/celeb-faces --frames 16 --format jpg --processes 8

Stopped or killed, the same command goes on where it was.
"""

import argparse
import os
import sys
from pathlib import Path

from unmask.data.face_crops import CropSettings
from unmask.data.prepare import prepare
from unmask.errors import UnmaskError
from unmask.hub.datasets import fetch_data_set
from unmask.hub.face_model import fetch_face_model


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Return what the command line asks for."""
    summary, examples = (__doc__ or "").split("\n\n", 1)
    parser = argparse.ArgumentParser(
        description=summary, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--data", metavar="ROOT", required=True, help="the data set's folder, hub:user/name or kaggle:user/name")
    add("--output", metavar="DIR", type=Path, required=True, help="the prepared data set's folder")
    add("--layout", metavar="NAME", help="the data set's layout (default: recognised)")
    add("--frames", type=int, default=32, metavar="N", help="frames of each clip, spread over it (default: 32)")
    add("--margin", type=float, default=0.5, help="room on each side, in sides of the face (default: 0.5)")
    add("--format", choices=["png", "jpg"], default="png", help="png loses nothing, jpg (95) takes less than a third")
    add("--processes", type=int, default=os.cpu_count() or 1, metavar="N", help="default: one per core")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Prepare what the command line names; return 0, 2 when something cannot be used, 130 when stopped."""
    asked = parse_arguments(arguments)
    try:
        face_model = fetch_face_model()
        settings = CropSettings(asked.frames, asked.margin, asked.format, str(face_model or ""))
        root, processes = fetch_data_set(asked.data), max(1, asked.processes)
        print(prepare(root, asked.output, settings, asked.layout, processes).summary())
    except UnmaskError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
