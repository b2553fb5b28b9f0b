"""Train a detector: accelerate launch train/train.py --data ROOT --output runs/NAME (see --help)."""

from __future__ import annotations

import sys

from unmask.errors import UnmaskError
from unmask.training.config import parse_train_config
from unmask.training.loop import train


def main(arguments: list[str]) -> int:
    """Run the training that the arguments describe and return the exit code."""
    config = parse_train_config(arguments)
    try:
        folder = train(config)
    except UnmaskError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"detector: {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
