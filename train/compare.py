"""Compare finished runs, or report on a single one: table, curves, ROC curves, confusion matrices, class reports.

examples:
  python train/compare.py runs/*
  python train/compare.py runs/first runs/second --output runs/comparison
  python train/compare.py runs/* --recipes docs/recipes.md
"""

import argparse
import sys
from pathlib import Path

from unmask.errors import UnmaskError
from unmask.evaluation.comparison import compare_runs
from unmask.evaluation.recipe_figures import write_recipe_figures


def parse_arguments() -> argparse.Namespace:
    """Return what the command line asks for."""
    summary, examples = (__doc__ or "").split("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("runs", nargs="+", metavar="RUN", help="a run's folder; what is no finished run is left out with a line")
    add("--output", metavar="DIR", help="where the report goes (default: report/ in a single run, else comparison/)")
    add("--recipes", metavar="PAGE", help="instead put the recipes' figures into this page of Markdown, - to print")
    return parser.parse_args()


def main() -> int:
    """Compare what the command line names; return 0, or 2 when there is nothing to compare."""
    options = parse_arguments()
    try:
        if options.recipes:
            left_out = write_recipe_figures(options.runs, options.recipes, Path(__file__).parent / "recipes")
        else:
            page, left_out = compare_runs(options.runs, options.output)
            print(f"Report: {page}")
    except UnmaskError as error:
        print(error, file=sys.stderr)
        return 2
    for line in left_out:
        print(line, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
