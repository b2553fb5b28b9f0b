"""The commands of README.md and docs/ do what they say: pasted as they stand, or parsed where that takes hours.

Every command has one fate of those below, so that a new one cannot go untested unseen.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import runpy
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import typer
from PIL import Image

from unmask.hub.loading import SHIPPED
from unmask.media.drawing import draw_face

from .conftest import write_video

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]

PASTED = ("unmask predict", "unmask detectors", "python -m unmask.data.splits")
"""Run in a folder with files of the names that the pages use."""
SERVED = ("unmask serve --port", "path=$(curl", "event=$(curl", "curl -s")
"""Run against the page; its port is a free one instead of that in the text."""
PARSED = (
    "accelerate launch", "python train/", "python benchmarks/", "python -m unmask.data.audit",
    "unmask serve --auth-file",
)  # fmt: skip
"""Want data, a graphics card, a network or hours: their flags are read by the command's own parser."""
NOT_RUN = {
    "make": "installs everything; tests/test_readme.py compares the names with the Makefile",
    "pip install": "fetches packages; tests/test_requirements.py compares the extras",
    "hf auth login": "asks for a token",
    "docker": "needs a daemon and a network; tests/test_dockerfile.py reads the Dockerfile",
    "printf": "makes a password with OpenSSL; tests/commands/test_serve.py reads such files",
}
PROGRAMS = ("http://127.0.0.1:7860",)
"""What a Python block holds that talks to the page."""
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def blocks(page: str, language: str) -> list[str]:
    """Return the fenced blocks of one language."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```(?:{language})\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def lines(page: str) -> list[str]:
    """Return the commands of a page as they stand, a continued one as one line."""
    joined = "\n".join(blocks(page, "sh|bash")).replace("\\\n", " ").splitlines()
    return [line for line in joined if line.strip() and not line.startswith("#")]


def start_of(line: str) -> str:
    """Return a command without the variables set before it."""
    return re.sub(r"^([A-Z0-9_]+=\S* )+", "", line)


COMMANDS = list(dict.fromkeys(line for page in PAGES for line in lines(page)))


def with_fate(*starts: str) -> list[str]:
    return [line for line in COMMANDS if start_of(line).startswith(starts)]


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_has_one_fate(line: str) -> None:
    assert sum(start_of(line).startswith(fate) for fate in (PASTED, SERVED, PARSED, tuple(NOT_RUN))) == 1


def words_of(line: str) -> list[str]:
    """Return a command's words up to a redirection."""
    words = shlex.split(line, comments=True)
    return words[: words.index(">")] if ">" in words else words


@pytest.mark.parametrize("line", with_fate("accelerate launch"))
def test_the_training_commands_parse(line: str) -> None:
    pytest.importorskip("jsonargparse", reason="the train extra is not installed")
    from accelerate.commands.launch import launch_command_parser

    from unmask.training.config import parse_train_config

    words = words_of(line)
    place = words.index("train/train.py")
    launch_command_parser().parse_args(words[2 : place + 1])
    assert parse_train_config(words[place + 1 :]).data


@pytest.mark.parametrize("line", with_fate("python train/", "python benchmarks/"))
def test_the_commands_of_scripts_parse(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("accelerate", reason="the train extra is not installed")
    _, script, *arguments = words_of(line)
    monkeypatch.setattr("sys.argv", [script, *arguments])
    module = runpy.run_path(str(ROOT / script))
    parse = module.get("parse_arguments") or module["parse"]
    assert parse(arguments) if inspect.signature(parse).parameters else parse()


@pytest.mark.parametrize("line", with_fate("python -m unmask.data.audit"))
def test_the_commands_of_the_audit_parse(line: str) -> None:
    pytest.importorskip("matplotlib", reason="the train extra is not installed")
    from unmask.data.audit.__main__ import _parser

    assert _parser().parse_args(words_of(line)[3:])


@pytest.mark.parametrize("line", with_fate("unmask serve --auth-file"))
def test_the_commands_that_serve_parse(line: str) -> None:
    from unmask.cli import app

    _, name, *arguments = words_of(line)
    assert typer.main.get_command(app).commands[name].make_context(name, arguments)  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file or folder of each name that the pages use."""
    desk = tmp_path_factory.mktemp("desk")
    for name in ("holiday", "clips", "runs/mine", "bin", "data/faces/real", "data/faces/fake"):
        (desk / name).mkdir(parents=True)
    pictures = ["portrait.jpg", "photo.jpg", "a.jpg", "holiday/b.jpg", "clips/c.jpg"]
    pictures += [f"data/faces/{label}/{number}.jpg" for label in ("real", "fake") for number in range(5)]
    for seed, name in enumerate(pictures):
        Image.fromarray(draw_face(seed)).save(desk / name)
    (desk / "data/hardfake").symlink_to("faces")
    with zipfile.ZipFile(desk / "holiday.zip", "w") as archive:
        archive.write(desk / "photo.jpg", "photo.jpg")
    for name in ("clip.mp4", "clips/d.mp4"):
        write_video(desk / name, [draw_face(1)] * 4)
    write_certificate(desk / "trust.pem")
    shutil.copytree(SHIPPED, desk / "runs/mine/detector")
    cached = desk / "home/hub/models--user--name"
    shutil.copytree(SHIPPED, cached / "snapshots" / COMMIT)
    (cached / "refs").mkdir()
    (cached / "refs/v1").write_text(COMMIT)
    for name, module in (("unmask", "-m unmask"), ("python", "")):
        (desk / "bin" / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {module} "$@"\n')
        (desk / "bin" / name).chmod(0o755)
    return desk


def write_certificate(path: Path) -> None:
    """Write a certificate of nobody, as a trust list has it."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
    path.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


@pytest.fixture(scope="module")
def paste(desk: Path) -> Callable[..., str]:
    """A function that runs lines in a shell on the desk, without a network, and returns what they print."""
    if shutil.which("bash") is None:
        pytest.skip("the commands are for a shell, and there is no bash")

    def run(text: str, program: str = "bash") -> str:
        start = ["bash", "-euo", "pipefail", "-c"] if program == "bash" else [sys.executable, "-c"]
        done = subprocess.run([*start, text], cwd=desk, env=environment(desk), capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def environment(desk: Path) -> dict[str, str]:
    named = {"PATH": f"{desk / 'bin'}:{os.environ['PATH']}", "HF_HOME": str(desk / "home"), "HF_HUB_OFFLINE": "1"}
    return os.environ | named | {"UNMASK_FACE_MODEL": "haar", "GRADIO_TEMP_DIR": str(desk / "uploads")}


def test_the_commands_that_predict_work_as_pasted(paste: Callable[..., str], desk: Path) -> None:
    pytest.importorskip("av", reason="clips need the app extra")
    commands = with_fate(*PASTED)
    assert len(commands) > 10
    printed = paste("\n".join(commands)).splitlines()
    judged = [line for line in printed if re.match(r"(real|fake|uncertain) +\d\.\d{3}  1 (face|person)", line)]
    assert len(judged) == sum("unmask predict" in line and "--json" not in line for line in commands)
    verdicts = [json.loads(line) for line in (desk / "verdicts.jsonl").read_text().splitlines()]
    assert {each["kind"] for each in verdicts} <= {"image", "video"}
    for name in re.findall(r"(?:--report|--annotate) (\S+)", "\n".join(commands)):
        assert (desk / name).stat().st_size > 1000, name


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")])
def test_the_python_works_as_pasted(page: str, paste: Callable[..., str]) -> None:
    code = [block for block in blocks(page, "python") if not any(address in block for address in PROGRAMS)]
    if page == "docs/checks.md":
        pytest.importorskip("sklearn", reason="the train extra is not installed")
    for block in code:
        assert paste(block, "python").strip() or "write_" in block


@pytest.fixture(scope="module")
def port(desk: Path) -> Iterator[str]:
    """The port on which the README's own command serves the page."""
    pytest.importorskip("gradio", reason="the page needs the app extra")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    (command,) = with_fate("unmask serve --port")
    words = [port if word.isdigit() else word for word in words_of(command)]
    serving = subprocess.Popen([str(desk / "bin/unmask"), *words[1:]], cwd=desk, env=environment(desk))
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60).close()
                break
            except urllib.error.URLError:
                assert serving.poll() is None
                time.sleep(0.2)
        yield port
    finally:
        serving.terminate()
        serving.wait(60)


def test_the_page_answers_programs_as_pasted(paste: Callable[..., str], port: str) -> None:
    pytest.importorskip("gradio_client", reason="the page needs the app extra")
    code = [block for page in PAGES for block in blocks(page, "python") if PROGRAMS[0] in block]
    assert code
    for block in code:
        assert "'fake_probability'" in paste(block.replace(":7860", f":{port}"), "python")


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_the_page_answers_curl_as_pasted(paste: Callable[..., str], port: str) -> None:
    commands = with_fate(*SERVED[1:])
    assert len(commands) == 3
    said = paste("\n".join(commands).replace(":7860", f":{port}"))
    (found,) = json.loads(said.split("event: complete\ndata: ")[1].splitlines()[0])
    assert found["kind"] == "image"
    assert len(found["faces"]) == 1


def test_a_reader_of_the_readme_finds_each_way_to_predict() -> None:
    told = lines("README.md") + blocks("README.md", "python")
    for way in ("unmask predict portrait.jpg", "unmask predict clip.mp4", "predict_image(", "predict_video(", "curl"):
        assert any(way in text for text in told), way
