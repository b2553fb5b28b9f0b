"""`unmask serve`: the page and its API, for this machine or, with passwords, for others."""

from __future__ import annotations

import importlib.util
import ipaddress
import os
import re
import signal
import stat
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from unmask.commands.endings import load_or_end, one_line
from unmask.errors import UnmaskError
from unmask.quiet_ends import quiet_ends

UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
SIZE = re.compile(r"([0-9]{1,12})\s*([KMG]?i?B)?", re.IGNORECASE)
MOST_PASSWORD_BYTES = 1 << 20
READABLE_BY_ALL = stat.S_IROTH | stat.S_IWOTH

EXAMPLES = """\b
Examples:
  unmask serve
  unmask serve --port 8000 --detector user/name --revision v1
  unmask serve --host 0.0.0.0 --auth-file passwords --max-file-size 20MB --workers 4
  unmask serve --mcp

\b
Passwords: one `user:password` a line, empty lines and lines that begin with # aside; chmod 600.
Before other machines may reach it, read docs/security.md: it speaks plain HTTP.
"""


def serve(
    host: Annotated[
        str, typer.Option(envvar="GRADIO_SERVER_NAME", help="The address to listen on; 0.0.0.0 for every one.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="GRADIO_SERVER_PORT", min=1, max=65535)] = 7860,
    detector: Annotated[
        str | None,
        typer.Option(metavar="DIR_OR_HUB_ID", envvar="UNMASK_DETECTOR", help="[default: the shipped one]"),
    ] = None,
    revision: Annotated[
        str | None, typer.Option(metavar="TAG", help="Tag, branch or commit of a detector on the Hub.")
    ] = None,
    auth_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Who may use it, as user:password lines. [default: everyone]")
    ] = None,
    max_file_size: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Refuse larger uploads, such as 20MB. [default: what is decoded]")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Pictures that are judged at the same time.")] = 2,
    mcp: Annotated[bool, typer.Option("--mcp", help="Answer as an MCP server too, at /gradio_api/mcp/.")] = False,
) -> None:
    """Serve the page, and `/predict_image` for programs, until Ctrl-C or SIGTERM."""
    with quiet_ends(), one_line():
        options: dict[str, Any] = {"server_name": host, "server_port": port, "mcp_server": mcp}
        if auth_file is not None:
            options |= {"auth": read_passwords(auth_file), "auth_message": "Unmask asks for a password here."}
        if max_file_size is not None:
            options["max_file_size"] = parse_size(max_file_size)
        if mcp and auth_file is not None:
            raise UnmaskError("Gradio's MCP server knows no passwords. Leave out --mcp or --auth-file.")
        _check_extras(mcp)
        if auth_file is None and not is_loopback(host):
            print(
                f"unmask: {host} is open to other machines and asks for no password. Give --auth-file.", file=sys.stderr
            )
        _serve(detector, revision, workers, options)


def _serve(detector: str | None, revision: str | None, workers: int, options: dict[str, Any]) -> None:
    from unmask.web import build_page, launch_options, launch_page

    most = launch_options()["max_file_size"]
    if options.get("max_file_size", 0) > most:
        raise UnmaskError(f"--max-file-size is above {most // 2**20} MiB, the most that is decoded. Give less.")
    page = build_page(load_or_end(detector, revision))
    # A container's first process is not ended by SIGTERM unless it says how.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    launch_page(page, workers=workers, **options)


def _check_extras(mcp: bool) -> None:
    """Raise UnmaskError where what serves the page is not installed."""
    if _is_missing("gradio"):
        raise UnmaskError("Serving needs the extra `app`. Install it: pip install 'unmask[app]', or -e '.[app]'.")
    if mcp and _is_missing("mcp"):
        raise UnmaskError("--mcp needs one more package. Install it: pip install 'gradio[mcp]'.")


def _is_missing(name: str) -> bool:
    return importlib.util.find_spec(name) is None


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches what listens on a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def parse_size(text: str) -> int:
    """Return a size in bytes: "500KB" is 500,000, "1MiB" is 1,048,576, a bare number is bytes.

    Raises:
        UnmaskError: It is no size, or nothing fits into it.
    """
    found = SIZE.fullmatch(text.strip())
    size = int(found[1]) * UNITS[(found[2] or "B").upper()] if found and (found[2] or "B").upper() in UNITS else 0
    if size < 1:
        raise UnmaskError(f"--max-file-size {text!r} is no size. Write it as 500KB, 20MB or in bytes.")
    return size


def read_passwords(path: Path) -> list[tuple[str, str]]:
    """Return users and passwords from a file of `user:password` lines.

    Raises:
        UnmaskError: It cannot be read, others on this machine may read it, or a line is none; no message
            repeats what the file holds.
    """
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(MOST_PASSWORD_BYTES + 1)
        lines = content.decode("utf-8-sig").splitlines()
    except OSError as error:
        raise UnmaskError(f"Could not read the passwords in {path}: {error.strerror}. Check --auth-file.") from None
    except UnicodeDecodeError:
        raise UnmaskError(f"Could not read the passwords in {path}: it is not UTF-8 text.") from None
    if os.name != "nt" and mode & READABLE_BY_ALL:
        raise UnmaskError(f"Everyone on this machine may read or change {path}. Run: chmod 600 {path}")
    if len(content) > MOST_PASSWORD_BYTES:
        raise UnmaskError(f"{path} is larger than 1 MiB, which no list of passwords is. Check --auth-file.")
    return _parse_passwords(path, lines)


def _parse_passwords(path: Path, lines: list[str]) -> list[tuple[str, str]]:
    passwords: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        user, _, password = line.partition(":")
        user = user.strip()  # as Gradio does with what is typed in
        if not user or not password:
            raise UnmaskError(f"Line {number} of {path} is not user:password. Correct it.")
        if user in passwords:
            raise UnmaskError(f"Line {number} of {path} names a user for the second time. Take one out.")
        passwords[user] = password
    if not passwords:
        raise UnmaskError(f"{path} names nobody, so nobody could log in. Write user:password lines.")
    return list(passwords.items())
