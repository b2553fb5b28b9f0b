"""Publish a detector folder on the Hugging Face Hub."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from unmask.errors import HubError, UnmaskError
from unmask.hub.publishing import detector_files, prepare_card, push_detector

EXAMPLES = """examples:
  python train/push.py runs/first/detector --repo ada/face-check --dry-run
  python train/push.py runs/first/detector --repo ada/face-check --tag v1
  python train/push.py runs/first/detector --repo ada/face-check --private

Log in first with `hf auth login`, or set HF_TOKEN to a token with write access.
Exit codes: 0 published, 1 the Hub refused or could not be reached, 2 wrong arguments or a broken detector."""


def main(arguments: list[str] | None = None) -> int:
    """Publish what the arguments name and return the exit code."""
    options = parse(arguments)
    try:
        if options.dry_run:
            return show(options)
        url = push_detector(options.detector, options.repo, private=options.private, tag=options.tag)
    except UnmaskError as error:
        print(f"push.py: {error}", file=sys.stderr)
        return 1 if isinstance(error, HubError) else 2
    revision = f', revision="{options.tag}"' if options.tag else ""
    print(f'Published {url}\n\nfrom unmask import load_detector\nload_detector("{options.repo}"{revision})')
    return 0


def show(options: argparse.Namespace) -> int:
    """Write the card that would be published on stdout and list the files on stderr; send nothing."""
    card = prepare_card(options.detector, options.repo, options.tag)
    print(card)
    for path in detector_files(options.detector):
        print(f"{path.stat().st_size:>12,} bytes  {path.name}", file=sys.stderr)
    print(f"Nothing was sent to {options.repo}: this was a dry run.", file=sys.stderr)
    return 0


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLES, formatter_class=layout)
    parser.add_argument("detector", type=Path, help="the detector folder, scored (with report.json)")
    parser.add_argument("--repo", required=True, help="the model repository, user/name; made if missing")
    parser.add_argument("--private", action="store_true", help="make the repository private")
    parser.add_argument("--tag", help="name this version, such as v1")
    parser.add_argument("--dry-run", action="store_true", help="print the card and the files, send nothing")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
