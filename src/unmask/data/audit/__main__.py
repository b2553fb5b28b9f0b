"""Audit data sets before they are trained on: leaks, wrong labels, duplicates, shortcuts.

examples:
  python -m unmask.data.audit data/faces --output runs/audit
  python -m unmask.data.audit data/faces data/more --real-only data/portraits --json
  python -m unmask.data.audit data/faces --fast

exit codes:
  0    nothing serious was found (there may be warnings)
  1    something serious was found: a score on this data would be wrong
  2    wrong usage, a folder is no data set, or the output cannot be written
  130  stopped with Ctrl-C
  141  the reader of the output went away, as `head` does
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from unmask.data.audit.auditing import audit, read_roots
from unmask.data.audit.findings import Finding, is_serious, sort_findings
from unmask.data.audit.quick import quick_findings
from unmask.data.audit.report import PAGE, write_audit
from unmask.data.names import short_path
from unmask.errors import UnmaskError
from unmask.quiet_ends import quiet_ends
from unmask.schema import Sample

CLEAN, SERIOUS, WRONG_USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Audit what the command line names and return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.fast and options.output:
        parser.error("--fast writes no report. Leave out --fast, or take its lines with --json.")
    try:
        with quiet_ends():
            return _run(options)
    except UnmaskError as error:
        print(error, file=sys.stderr)
        return WRONG_USAGE


def _parser() -> argparse.ArgumentParser:
    summary, notes = (__doc__ or "").split("\n\n", 1)
    parser = argparse.ArgumentParser(
        prog="python -m unmask.data.audit",
        description=summary,
        epilog=notes,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("roots", nargs="*", metavar="ROOT", help="a data set's folder; several are also compared with each other")
    add("--real-only", action="append", default=[], metavar="ROOT", help="a folder that holds real pictures alone")
    add("--layout", metavar="NAME", help="the data sets' layout (default: recognised)")
    add("--output", metavar="DIR", type=Path, help="write audit.json, audit.md and figures here")
    add("--fast", action="store_true", help="headers alone, a few seconds: no near duplicates, no brightness")
    add("--json", action="store_true", help="print the report as JSON in place of lines")
    add("--processes", type=int, default=os.cpu_count() or 1, metavar="N", help="default: one per core")
    return parser


def _run(options: argparse.Namespace) -> int:
    named = read_roots(options.roots, options.layout, options.real_only)
    if options.fast:
        return _run_fast(named, options)
    result = audit(named, options.processes, progress=sys.stderr.isatty())
    result.command = _describe(options)
    if options.output:
        write_audit(result, options.output)
    if options.json:
        print(json.dumps(result.to_dict(), indent=2, allow_nan=False))
    else:
        _print_lines(result.findings, f"{len(result.pictures)} files in {result.seconds:.0f} s")
        if options.output:
            print(f"Report: {options.output / PAGE}")
    return SERIOUS if is_serious(result.findings) else CLEAN


def _run_fast(named: list[tuple[str, str, Sample]], options: argparse.Namespace) -> int:
    findings: list[Finding] = []
    for dataset in dict.fromkeys(name for name, _, _ in named):
        findings += quick_findings(dataset, [(root, sample) for name, root, sample in named if name == dataset])
    findings = sort_findings(findings)
    if options.json:
        print(json.dumps({"findings": [finding.to_dict() for finding in findings]}, indent=2))
    else:
        _print_lines(findings, f"{len(named)} files, headers alone")
    return SERIOUS if is_serious(findings) else CLEAN


def _print_lines(findings: Sequence[Finding], looked_at: str) -> None:
    for finding in findings:
        print(finding.line())
        for example in finding.examples[:3]:
            print(f"    {example}")
    serious = sum(finding.level == "serious" for finding in findings)
    warnings = sum(finding.level == "warning" for finding in findings)
    print(f"{looked_at}: {serious} serious, {warnings} to be warned of.")


def _describe(options: argparse.Namespace) -> str:
    """Return the command line with data sets by their names, not by this machine's paths."""
    words = ["python", "-m", "unmask.data.audit", *map(short_path, options.roots)]
    for root in options.real_only:
        words += ["--real-only", short_path(root)]
    if options.layout:
        words += ["--layout", options.layout]
    if options.output:
        words += ["--output", options.output.name]
    return shlex.join(words)


if __name__ == "__main__":
    sys.exit(main())
