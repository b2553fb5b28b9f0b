"""Publish a detector folder on the Hugging Face Hub, the page that shows it as a Space, or both."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from unmask.detector_folder import read_config
from unmask.errors import HubError, UnmaskError
from unmask.hub.publishing import detector_files, prepare_card, push_detector
from unmask.hub.space import prepare_space, push_space, space_files, write_space

EXAMPLES = """examples:
  python train/push.py runs/first/detector --repo ada/face-check --dry-run
  python train/push.py runs/first/detector --repo ada/face-check --tag v1
  python train/push.py runs/first/detector --repo ada/face-check --private
  python train/push.py runs/first/detector --repo ada/face-check --space ada/unmask
  python train/push.py ada/face-check --revision v1 --space ada/unmask
  python train/push.py ada/face-check --space ada/unmask --dry-run --output space

Log in first with `hf auth login`, or set HF_TOKEN to a token with write access.
Exit codes: 0 published, 1 the Hub refused or could not be reached, 2 wrong arguments or a broken detector."""


def main(arguments: list[str] | None = None) -> int:
    """Publish what the arguments name and return the exit code."""
    options = parse(arguments)
    try:
        if options.dry_run:
            show(options)
        else:
            publish(options)
    except UnmaskError as error:
        print(f"push.py: {error}", file=sys.stderr)
        return 1 if isinstance(error, HubError) else 2
    return 0


def publish(options: argparse.Namespace) -> None:
    """Publish the detector, then the Space that shows it at the commit just made."""
    if options.repo:
        wishes = {"private": options.private, "tag": options.tag, "space": options.space}
        url = push_detector(options.detector, options.repo, **wishes)
        revision = f', revision="{options.tag}"' if options.tag else ""
        print(f'Published {url}\n\nfrom unmask import load_detector\nload_detector("{options.repo}"{revision})\n')
    if options.space:
        shown, revision = options.repo or str(options.detector), options.tag or options.revision
        print(f"Published {push_space(options.space, shown, revision, private=options.private)}")
        if options.private:
            print("Its detector may be private: then add a secret HF_TOKEN that may read it, in the Space's settings.")


def show(options: argparse.Namespace) -> None:
    """Write what would be published on stdout, or the Space into --output, and list its files; send nothing."""
    files = {}
    if options.repo:
        print(prepare_card(options.detector, options.repo, options.tag, options.space))
        files = {path.name: path.stat().st_size for path in detector_files(options.detector)}
    if options.space:
        space = preview(options)
        if options.output:
            write_space(space, options.output)
        else:
            print(space["README.md"].decode(), space["app.py"].decode(), sep="\n")
        files |= {f"{options.space}/{name}": len(content) for name, content in space.items()}
    for name, size in files.items():
        print(f"{size:>12,} bytes  {name}", file=sys.stderr)
    print("Nothing was sent: this was a dry run.", file=sys.stderr)


def preview(options: argparse.Namespace) -> dict[str, bytes]:
    """Return the files of the Space; of a detector not yet published the commit is unknown, and main or the tag."""
    if options.repo:
        config = read_config(options.detector)
        return space_files(options.space, options.repo, options.tag or "main", config, private=options.private)
    return prepare_space(options.space, str(options.detector), options.revision, private=options.private)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLES, formatter_class=layout)
    parser.add_argument("detector", type=Path, help="a scored detector folder; with --space alone, user/name")
    parser.add_argument("--repo", help="publish the folder as this model repository, user/name; made if missing")
    parser.add_argument("--space", help="make or update this Space, user/name, which shows the detector in a page")
    parser.add_argument("--private", action="store_true", help="make what is made private")
    parser.add_argument("--tag", help="name this version of the model, such as v1")
    parser.add_argument("--revision", help="tag, branch or commit of a published detector; the newest by default")
    parser.add_argument("--dry-run", action="store_true", help="print card and files, send nothing")
    parser.add_argument("--output", type=Path, help="with --dry-run: the new folder to write the Space into")
    options = parser.parse_args(arguments)
    check(options, parser)
    return options


def check(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """End with the usage where the flags do not go together."""
    if not options.repo and not options.space:
        parser.error("name --repo, --space or both")
    if not options.repo and options.detector.is_dir():
        parser.error("a Space shows a detector of the Hub: name --repo too, and the folder is published there first")
    if (options.revision if options.repo else options.tag) is not None:
        parser.error("--tag goes with --repo, and --revision with a detector that is published already")
    if options.output and not (options.dry_run and options.space):
        parser.error("--output goes with --dry-run and --space")


if __name__ == "__main__":
    sys.exit(main())
