"""Score a detector on labelled pictures or clips and write report.json, report.md, scores.csv and figures.

examples:
  python train/score.py --data data/hardfake --output runs/scores
  python train/score.py --detector runs/mine/detector --data data/a --data data/b --split test --output runs/scores
  python train/score.py --data hub:user/name --data kaggle:user/name --output runs/scores
  python train/score.py --suite train/suites/default.yaml --data-root data --output runs/suite
  python train/score.py --suite train/suites/default.yaml --data-root data --detector runs/mine/detector \\
    --detector runs/meso4-df --output runs/suite
"""

import argparse
import sys

from unmask.errors import UnmaskError
from unmask.evaluation.scoring_run import ScoringRun, run_scoring
from unmask.evaluation.suite_run import SuiteRun, run_suite


def parse_arguments() -> ScoringRun | SuiteRun:
    """Return what the command line asks for."""
    summary, examples = (__doc__ or "").split("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    which = "the detector to score (default: the shipped one); a suite takes several, the report is of the first"
    add("--detector", metavar="DIR_OR_HUB_ID", action="append", help=which)
    what = parser.add_mutually_exclusive_group(required=True)
    where = "a data set: its folder, hub:user/name or kaggle:user/name; may be repeated"
    what.add_argument("--data", metavar="ROOT", action="append", help=where)
    what.add_argument("--suite", metavar="FILE.yaml", help="evaluate by this suite (see docs/evaluation.md)")
    add("--data-root", metavar="DIR", default=".", help="the folder that a suite's data sets lie in (default: here)")
    add("--split", choices=["train", "validation", "test"], help="score this split (default: all pictures)")
    add("--layout", metavar="NAME", help="the data sets' layout (default: recognised)")
    add("--limit", type=int, metavar="N", help="score N pictures of each data set, chosen evenly")
    add("--output", metavar="DIR", required=True, help="the report's folder")
    add("--write-report", action="store_true", help="also put report.json into the (first) detector's folder")
    given = parser.parse_args()
    detectors = given.detector or [None]
    shared = {"output": given.output, "limit": given.limit, "write_report": given.write_report}
    if given.suite:
        if given.split or given.layout:
            parser.error("a suite's own file says split and layout of each data set")
        return SuiteRun(given.suite, data_root=given.data_root, detectors=tuple(detectors), **shared)
    if len(detectors) > 1:
        parser.error("several detectors are compared by a suite: --suite train/suites/default.yaml")
    return ScoringRun(given.data, detector=detectors[0], split=given.split, layout=given.layout, **shared)


def main() -> int:
    """Score what the command line names; return 0, or 2 when something cannot be used."""
    try:
        asked = parse_arguments()
        run_suite(asked) if isinstance(asked, SuiteRun) else run_scoring(asked)
    except UnmaskError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
