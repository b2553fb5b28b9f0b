"""`unmask detectors`: what is on this machine, so that it need not be fetched."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from unmask.commands.endings import spelled
from unmask.quiet_ends import quiet_ends

if TYPE_CHECKING:
    from unmask.hub.cached import LocalDetector

HEAD = ("detector", "version", "MB", "last used", "folder")
NONE = "No detector here. Fetch one: unmask predict --detector user/name photo.jpg; or train one."


def detectors(
    as_json: Annotated[bool, typer.Option("--json", help="Write one JSON object a line.")] = False,
) -> None:
    """List the detectors on this machine: the shipped one, and those in the Hub's cache with their versions.

    Each loads without a network, by --detector NAME --revision TAG, or the whole commit as --json shows it. The day
    of the last use is what the file system remembers. `hf cache rm` deletes from the cache.
    """
    from unmask.hub import find_detectors

    with quiet_ends():
        found = find_detectors()
        if as_json:
            for each in found:
                print(json.dumps(each.to_dict()))
        elif found:
            _print_table([HEAD, *map(_row, found)])
        else:
            print(NONE)


def _row(detector: LocalDetector) -> tuple[str, ...]:
    """Return name, version (a tag or branch where one is known), size, day of the last use, and folder."""
    refs = ", ".join(detector.refs)
    version = "shipped" if detector.revision is None else detector.revision[:7] + f" ({refs})" * bool(refs)
    used = "-" if detector.last_used is None else f"{detector.last_used.astimezone():%Y-%m-%d}"
    return detector.name, version, f"{detector.bytes / 1e6:.1f}", used, str(detector.folder)


def _print_table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        print(spelled(line, sys.stdout))
