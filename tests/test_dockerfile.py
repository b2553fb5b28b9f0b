"""The Dockerfile, parsed: an image is not built here, but what it copies, runs and asks is there and works."""

from __future__ import annotations

import ast
import fnmatch
import json
import re
import shlex
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import typer

ROOT = Path(__file__).resolve().parents[1]
if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it to older Pythons


def instructions() -> list[tuple[str, str]]:
    """Return every instruction and its arguments, lines joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    lines = text.replace("\\\n", " ").splitlines()
    return [(words[0], words[1].strip()) for line in lines if len(words := line.split(maxsplit=1)) == 2]


def all_of(name: str) -> list[str]:
    return [arguments for instruction, arguments in instructions() if instruction == name]


def last_of(name: str) -> str:
    return all_of(name)[-1]


def is_sent(path: str) -> bool:
    """Return whether .dockerignore lets a file of the clone through: the last pattern that matches it decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.strip().removeprefix("!")
        if not pattern or line.startswith("#"):
            continue
        names = [path, *(str(parent) for parent in Path(path).parents)]
        if any(fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(f"/{name}", pattern[2:]) for name in names):
            sent = line.startswith("!")
    return sent


def test_every_instruction_is_one():
    known = {"FROM", "ENV", "RUN", "WORKDIR", "COPY", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in instructions()} == known


def test_what_is_copied_is_there_and_sent():
    sources = [source for line in all_of("COPY") for source in line.split()[:-1]]
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if not is_sent(source)] == []


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("src/unmask/default/model.onnx", True),  # the shipped detector
        ("src/unmask/web/page.css", True),  # what the page looks like
        ("src/unmask/__pycache__/cli.cpython-311.pyc", False),  # compiled for another Python
        (".git/config", False),  # the history
        ("runs/mine/detector/model.onnx", False),  # somebody's run
        (".venv/bin/python", False),  # somebody's environment
        ("passwords", False),  # somebody's secret
    ],
)
def test_the_context_holds_the_package_and_nothing_of_its_owner(path, sent):
    assert is_sent(path) is sent


def test_the_build_backend_gets_every_file_that_it_reads():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    forced = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    copied = {source for line in all_of("COPY") for source in line.split()[:-1]}
    assert {project["project"]["readme"], "LICENSE", *forced} <= copied


def test_it_installs_the_page_alone():
    (line,) = [line for line in all_of("RUN") if line.startswith("pip install")]
    assert shlex.split(line) == ["pip", "install", ".[app]"]


def test_it_runs_as_somebody_else_than_root():
    order = [name for name, _ in instructions()]
    assert last_of("USER") == "unmask"
    assert f"useradd --create-home --uid 10001 {last_of('USER')}" in all_of("RUN")
    assert order.index("USER") < order.index("ENTRYPOINT")


def test_its_command_is_one_of_ours_and_listens_where_it_says():
    from unmask.cli import app

    entry, (name, *rest) = json.loads(last_of("ENTRYPOINT")), json.loads(last_of("CMD"))
    assert entry == ["unmask"]
    parameters = typer.main.get_command(app).commands[name].make_context(name, rest).params
    assert parameters["host"] == "0.0.0.0"
    assert str(parameters["port"]) == last_of("EXPOSE")
    assert f"http://127.0.0.1:{parameters['port']}/" in last_of("HEALTHCHECK")


def test_the_python_inside_its_commands_parses():
    assert [ast.parse(shlex.split(line)[2]) for line in all_of("RUN") if line.startswith("python -c")]


@pytest.mark.parametrize(("status", "code"), [(200, 0), (500, 1)])
def test_the_health_check_tells_a_page_that_answers_from_one_that_fails(status, code):
    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.end_headers()

        def log_message(self, format, *arguments):
            """Keep the test's output for the tests."""

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        _, *arguments = json.loads(last_of("HEALTHCHECK").split("CMD", 1)[1])
        asked = [word.replace(":7860/", f":{server.server_port}/") for word in arguments]
        done = subprocess.run([sys.executable, *asked], capture_output=True, timeout=60)
        server.shutdown()
    assert done.returncode == code
