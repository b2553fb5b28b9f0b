"""The command `unmask`: its commands, help and version. Imports no torch."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from unmask import __version__
from unmask.commands.detectors import detectors
from unmask.commands.predict import EXAMPLES as PREDICT_EXAMPLES
from unmask.commands.predict import predict
from unmask.commands.serve import EXAMPLES as SERVE_EXAMPLES
from unmask.commands.serve import serve

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave the process with its exit code."""
    _open_closed_streams()
    app(args=arguments, prog_name="unmask")


def _open_closed_streams() -> None:
    """Put nothing in the place of a standard stream that is closed, as by `<&-` or by a service: Python has None."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115, PTH123  open to the end


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"unmask {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def unmask(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Tell real faces from forged ones, with evidence, and say when it cannot be told."""
    if context.invoked_subcommand is None:
        print(context.get_help())


app.command(short_help="Judge every face of pictures and clips.", epilog=PREDICT_EXAMPLES)(predict)
app.command(short_help="List the detectors on this machine.")(detectors)
app.command(short_help="Serve the page and its API.", epilog=SERVE_EXAMPLES)(serve)
