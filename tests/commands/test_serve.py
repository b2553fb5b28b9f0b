"""`unmask serve`: a real process with passwords and a limit, over real HTTP; and what it refuses to start with."""

from __future__ import annotations

import http.cookiejar
import importlib.util
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unmask import cli
from unmask.commands.serve import is_loopback, parse_size, read_passwords
from unmask.detector import Detector
from unmask.errors import UnmaskError

MOST = 200_000
PASSWORD = "over:the moon"


@pytest.fixture
def passwords(tmp_path: Path) -> Path:
    path = tmp_path / "passwords"
    path.write_text(f"# who may use it\n\nada:{PASSWORD}\nbob:x\n")
    path.chmod(0o600)
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "unmask", "serve", *map(str, arguments)],
        env=os.environ | {"HF_HUB_OFFLINE": "1", "UNMASK_FACE_MODEL": ""} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def address(tiny_detector: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a served page with passwords; SIGTERM ends it, as a container's stop does."""
    folder = tmp_path_factory.mktemp("serve")
    (folder / "passwords").write_text(f"ada:{PASSWORD}\n")
    (folder / "passwords").chmod(0o600)
    limits = ("--auth-file", folder / "passwords", "--max-file-size", f"{MOST // 1000}KB", "--workers", 1)
    place = ("--port", free_port(), "--detector", tiny_detector)
    process = start(*place, *limits, GRADIO_TEMP_DIR=str(folder / "uploads"))
    try:
        assert process.stdout is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
        assert found, process.stderr and process.stderr.read()
        yield found[0]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.communicate()


def log_in(address: str, user: str, password: str) -> urllib.request.OpenerDirector:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    opener.open(f"{address}login", urllib.parse.urlencode({"username": user, "password": password}).encode())
    return opener


def upload(address: str, size: int, opener: urllib.request.OpenerDirector) -> int:
    """Send so many bytes as a file and return the HTTP status."""
    body = b'--cut\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n%b\r\n--cut--\r\n'
    kind = {"Content-Type": "multipart/form-data; boundary=cut"}
    request = urllib.request.Request(f"{address}gradio_api/upload", body % bytes(size), kind)
    try:
        return int(opener.open(request, timeout=60).status)
    except urllib.error.HTTPError as error:
        return error.code


def test_who_is_in_the_file_gets_the_librarys_answer(
    address: str, tiny_detector: Path, tmp_path: Path, drawn_face: np.ndarray
) -> None:
    import gradio_client

    Image.fromarray(drawn_face).save(tmp_path / "face.png")
    client = gradio_client.Client(address, auth=("ada", PASSWORD), verbose=False)
    answer = client.predict(gradio_client.handle_file(str(tmp_path / "face.png")), api_name="/predict_image")
    assert Detector(tiny_detector).predict_image(tmp_path / "face.png").to_dict().items() <= answer.items()


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("ada", "over"),  # a part of the password
        ("ada", ""),  # none
        ("eve", PASSWORD),  # another user
    ],
)
def test_a_wrong_password_is_refused(address: str, user: str, password: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        log_in(address, user, password)
    assert refused.value.code in (400, 422)


@pytest.mark.parametrize("path", ["gradio_api/upload", "gradio_api/call/predict_image", "gradio_api/queue/join"])
def test_without_logging_in_nothing_is_answered(address: str, path: str) -> None:
    request = urllib.request.Request(address + path, b"{}", {"Content-Type": "application/json"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    assert refused.value.code == 401


def test_a_file_that_is_too_large_is_refused(address: str) -> None:
    opener = log_in(address, "ada", PASSWORD)
    assert upload(address, MOST // 2, opener) == 200
    assert upload(address, MOST + 1, opener) == 413


def test_an_open_host_without_passwords_is_warned_of_and_a_taken_port_is_one_line(tiny_detector: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start("--host", "0.0.0.0", "--port", port, "--detector", tiny_detector)
        _, errors = process.communicate(timeout=300)
    assert process.returncode == 2
    warning, refusal = errors.splitlines()
    assert warning == "unmask: 0.0.0.0 is open to other machines and asks for no password. Give --auth-file."
    assert f"port {port} is taken" in refusal


def serve(*arguments: object) -> int:
    """Run the command in this process, where it must not get as far as serving, and return its exit code."""
    with pytest.raises(SystemExit) as end:
        cli.main(["serve", *map(str, arguments)])
    return int(end.value.code or 0)


FILES = [  # what the password file holds, its permissions, and what is said
    ("ada:secret\n", 0o644, "chmod 600"),  # everyone may read it
    ("ada:secret\n", 0o602, "chmod 600"),  # everyone may change it
    ("ada secret\n", 0o600, "Line 1"),  # no colon
    ("# x\nada:\n", 0o600, "Line 2"),  # no password
    (":secret\n", 0o600, "Line 1"),  # no user
    ("ada:secret\nada:other\n", 0o600, "second time"),  # which of the two?
    ("# nobody yet\n", 0o600, "names nobody"),  # nobody could log in
    ("ada:secret\n" * 200_000, 0o600, "larger than 1 MiB"),  # another file altogether
]


@pytest.mark.skipif(sys.platform == "win32", reason="other permissions")
@pytest.mark.parametrize(("content", "mode", "told"), FILES, ids=[told for _, _, told in FILES])
def test_a_password_file_is_refused_in_one_line_that_keeps_the_secret(
    content: str, mode: int, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "passwords"
    path.write_text(content)
    path.chmod(mode)
    assert serve("--auth-file", path) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert told in err
    assert "secret" not in err


def test_a_password_file_of_windows_is_read(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    path.write_bytes(b"\xef\xbb\xbfada:secret\r\nbob:x\r\n")  # its editor puts a mark before UTF-8
    path.chmod(0o600)
    assert read_passwords(path) == [("ada", "secret"), ("bob", "x")]


def test_a_password_may_hold_colons_and_spaces(passwords: Path) -> None:
    assert read_passwords(passwords) == [("ada", PASSWORD), ("bob", "x")]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--auth-file", "nowhere"], "No such file"),  # a file that is not there
        (["--max-file-size", "lots"], "is no size"),  # words
        (["--max-file-size", "0MB"], "is no size"),  # nothing fits into it
        (["--max-file-size", "-5"], "is no size"),  # less than nothing
        (["--max-file-size", "100GB"], "the most that is decoded"),  # more than is ever decoded
        (["--mcp", "--auth-file", "PASSWORDS"], "knows no passwords"),  # tools would be listed to anyone
        (["--port", "70000"], "--port"),  # no such port
        (["--workers", "0"], "--workers"),  # nobody would judge
        (["--detector", "nowhere"], "no detector at nowhere"),  # a detector that is not there
    ],
)
def test_what_cannot_be_served_ends_with_two(
    arguments: list[str],
    told: str,
    passwords: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(passwords.parent)
    assert serve(*[str(passwords) if word == "PASSWORDS" else word for word in arguments]) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(("missing", "arguments"), [("gradio", []), ("mcp", ["--mcp"])])
def test_a_missing_package_is_named_with_what_installs_it(
    missing: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else there(name))
    assert serve(*arguments) == 2
    assert "pip install" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1000", 1000),  # bytes
        ("500KB", 500_000),  # powers of ten
        ("20 mb", 20_000_000),  # as people write it
        ("1MiB", 1_048_576),  # powers of two
    ],
)
def test_a_size_is_read_as_written(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "1.5MB", "1TB", "١MB", "9" * 40])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UnmaskError, match="is no size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),  # the whole network is this machine
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # every address
        ("::", False),
        ("192.168.0.7", False),
        ("example.org", False),  # whatever it resolves to
    ],
)
def test_loopback_is_told_from_the_rest(host: str, inside: bool) -> None:
    assert is_loopback(host) is inside


def test_help_does_not_import_gradio() -> None:
    code = "from unmask import cli\nimport sys\ntry: cli.main(['serve', '--help'])\nexcept SystemExit: pass\n"
    process = subprocess.run([sys.executable, "-c", f"{code}sys.exit('gradio' in sys.modules)"], capture_output=True)
    assert process.returncode == 0
    assert b"--auth-file" in process.stdout
