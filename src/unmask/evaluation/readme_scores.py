"""The shipped detector's scores in README.md, written from its report.json and never by hand.

`python -m unmask.evaluation.readme_scores README.md` rewrites the block between the two markers.
"""

from __future__ import annotations

import sys
from pathlib import Path

from unmask.card import describe_scoring, read_report, render_scores
from unmask.detector_folder import CONFIG, read_config
from unmask.errors import DataError, UnmaskError
from unmask.files import write_whole

BEGIN, END = "<!-- scores:begin -->", "<!-- scores:end -->"
SHIPPED = Path(__file__).resolve().parents[1] / "default"


def render_block(folder: Path) -> str:
    """Return the scores of a detector folder as Markdown, with its thresholds and how they were measured.

    Raises:
        BrokenDetector: `config.json` or `report.json` is damaged.
    """
    report = read_report(folder)
    parts = [render_scores(report)]
    if (folder / CONFIG).is_file():
        settings = read_config(folder).settings
        parts.append(
            f"Thresholds: `real` below {settings.real_threshold:.3f}, `fake` above {settings.fake_threshold:.3f}, "
            f"set on {settings.calibrated_on}."
        )
    if report["datasets"]:
        parts.append(describe_scoring(report))
        if report["command"]:
            parts.append(f"```sh\n{report['command']}\n```")
    return "\n\n".join(parts)


def replace_block(page: str, block: str, begin: str = BEGIN, end: str = END) -> str:
    """Return a page with `block` between its markers.

    Raises:
        DataError: the page does not have each marker once, in order.
    """
    before, found_begin, rest = page.partition(begin)
    _, found_end, after = rest.partition(end)
    if not found_begin or not found_end or begin in after or end in after:
        raise DataError(f"The page needs {begin} and {end} once each, in that order. Put them in.")
    return f"{before}{begin}\n{block}\n{end}{after}"


def main(arguments: list[str]) -> int:
    """Rewrite the block of the page that the one argument names, and return the exit code."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print("usage: python -m unmask.evaluation.readme_scores README.md", file=sys.stderr)
        return 2
    page = Path(arguments[0])
    try:
        text = page.read_text(encoding="utf-8")
        write_whole(page, replace_block(text, render_block(SHIPPED)).encode())
    except OSError as error:
        print(f"Could not read {page}: {error.strerror}. Name README.md.", file=sys.stderr)
        return 1
    except UnmaskError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
