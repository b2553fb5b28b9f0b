"""Train once without each data set, and score what it reaches on the one it never saw.

examples:
  python train/leave_one_out.py --data data/a --data data/b --data data/c --output runs/unseen-default \\
      -- --config train/recipes/default.yaml --epochs 3
  python train/leave_one_out.py --compare runs/unseen-resnet18_transfer runs/unseen-default
"""

import argparse
import sys
from pathlib import Path

from unmask.errors import UnmaskError
from unmask.evaluation.leave_one_out import RoundStopped, compare_recipes, leave_one_out


def parse_arguments(arguments: list[str]) -> argparse.Namespace:
    """Return what the command line asks for; what follows `--` goes to train.py."""
    summary, examples = (__doc__ or "").split("\n\n")
    parser = argparse.ArgumentParser(
        description=summary, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--data", metavar="ROOT", action="append", default=[], help="a data set with both classes; two or more")
    add("--output", metavar="DIR", type=Path, help="the folder of the runs; the same command goes on where it stopped")
    add("--processes", type=int, default=1, metavar="N", help="training processes side by side")
    add("--limit", type=int, metavar="N", help="score N pictures of the data set left out, chosen evenly")
    add("--compare", nargs="+", type=Path, metavar="DIR", help="print finished results side by side")
    place = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:place])
    options.flags = arguments[place + 1 :]
    if not options.compare and not options.output:
        parser.error("name the folder of the runs: --output DIR")
    return options


def main(arguments: list[str]) -> int:
    """Do what the command line asks for; return 0, 2 when something cannot be used, 130 or 143 when stopped."""
    options = parse_arguments(arguments)
    try:
        if options.compare:
            print(compare_recipes(options.compare))
        else:
            script = Path(__file__).with_name("train.py")
            how = {"processes": options.processes, "limit": options.limit}
            leave_one_out(options.data, options.output, options.flags, script=script, **how)
    except UnmaskError as error:
        print(error, file=sys.stderr)
        return 2
    except RoundStopped as stopped:
        print(stopped, file=sys.stderr)
        return stopped.code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
