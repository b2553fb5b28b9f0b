"""Score a detector on labelled pictures and write report.json, report.md, scores.csv and figures.

examples:
  python train/score.py --data data/hardfake --output runs/scores
  python train/score.py --detector runs/mine/detector --data data/a --data data/b --split test --output runs/scores
  python train/score.py --data hub:user/name --data kaggle:user/name --output runs/scores
"""

import argparse
import sys

from unmask.errors import UnmaskError
from unmask.evaluation.scoring_run import ScoringRun, run_scoring


def parse_arguments() -> ScoringRun:
    """Return what the command line asks for."""
    summary, examples = (__doc__ or "").split("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--detector", metavar="DIR_OR_HUB_ID", help="the detector to score (default: the shipped one)")
    where = "a data set: its folder, hub:user/name or kaggle:user/name; may be repeated"
    add("--data", metavar="ROOT", required=True, action="append", help=where)
    add("--split", choices=["train", "validation", "test"], help="score this split (default: all pictures)")
    add("--layout", metavar="NAME", help="the data sets' layout (default: recognised)")
    add("--limit", type=int, metavar="N", help="score N pictures of each data set, chosen evenly")
    add("--output", metavar="DIR", required=True, help="the report's folder")
    add("--write-report", action="store_true", help="also put report.json into the detector's folder")
    return ScoringRun(**vars(parser.parse_args()))


def main() -> int:
    """Score what the command line names; return 0, or 2 when something cannot be used."""
    try:
        run_scoring(parse_arguments())
    except UnmaskError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
