"""Change faces by less than an eye sees, so as to mislead a detector, and report what is left of its scores.

examples:
  python train/attack.py runs/mine/detector --data data/hardfake --limit 60 --output runs/attacks
  python train/attack.py runs/plain/detector runs/adversarial/detector --data data/a --data data/b --output runs/attacks
  python train/attack.py user/name --data hub:user/faces --split test --attack pgd --level 1 --output runs/attacks

Needs the extras train and attacks: pip install 'unmask[train,attacks]'. On a CPU 60 faces take some minutes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from unmask.data.names import short_path
from unmask.errors import UnmaskError
from unmask.evaluation.attacks import ATTACKS, LEVELS, attack_dataset, write_attacks
from unmask.evaluation.samples import read_split, take_evenly
from unmask.hub import load_detector


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    summary, examples = (__doc__ or "").split("\n\n", 1)
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=summary, epilog=examples, formatter_class=layout)
    add = parser.add_argument
    add("detectors", metavar="DIR_OR_HUB_ID", nargs="+", help="detectors to attack, each a row of the table")
    add("--data", metavar="ROOT", required=True, action="append", help="a data set; may be repeated")
    add("--split", choices=["train", "validation", "test"], help="this split alone (default: all pictures)")
    add("--limit", type=int, default=60, metavar="N", help="N pictures of each data set, chosen evenly (default: 60)")
    add("--attack", choices=list(ATTACKS), action="append", help="may be repeated (default: all)")
    add("--level", type=int, metavar="L", action="append", help="largest change, of 255 (default: 2 and 4)")
    add("--output", metavar="DIR", required=True, help="the folder of attacks.json and attacks.md")
    return parser.parse_args(arguments)


def main() -> int:
    """Attack what the command line names; return 0, or 2 when something cannot be used."""
    options, found = parse(), []
    how = {"attacks": options.attack or list(ATTACKS), "levels": options.level or LEVELS}
    try:
        chosen = [
            (short_path(root), take_evenly(read_split(root, options.split), options.limit)) for root in options.data
        ]
        for detector in map(load_detector, options.detectors):
            for name, samples in chosen:
                found += attack_dataset(detector, samples, name, **how)
                page = write_attacks(Path(options.output), found)
    except UnmaskError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{page.read_text(encoding='utf-8')}\nReport: {page}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
