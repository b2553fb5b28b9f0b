"""`unmask predict`, in this process where it can be and as a process of its own where that matters."""

from __future__ import annotations

import io
import json
import os
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from unmask import cli
from unmask.commands import judging
from unmask.detector import Detector
from unmask.errors import BrokenDetector
from unmask.media.provenance import read_provenance
from unmask.runtimes.onnx import OnnxRuntime

pytestmark = pytest.mark.usefixtures("plain_environment")
JSON_KEYS = [
    "file", "kind", "verdict", "fake_probability", "faces", "faces_left_out", "reason", "face_finder", "detector",
    "provenance",
]  # fmt: skip


@pytest.fixture
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same face finder, threads and colours wherever the tests run."""
    monkeypatch.setenv("UNMASK_THREADS", "1")
    for name in ("UNMASK_FACE_MODEL", "UNMASK_C2PA_TRUST", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def face_bytes(drawn_face: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(drawn_face).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def pictures(tmp_path: Path, face_bytes: bytes) -> Path:
    """A folder: two faces (one deeper down), one blank picture, one hidden file and a text."""
    root = tmp_path / "pictures"
    (root / "deeper").mkdir(parents=True)
    (root / "b.png").write_bytes(face_bytes)
    (root / "deeper" / "c.png").write_bytes(face_bytes)
    (root / ".hidden.png").write_bytes(face_bytes)
    (root / "notes.txt").write_text("no picture")
    Image.new("RGB", (64, 64), "grey").save(root / "a.png")
    return root


def run(*arguments: object) -> int:
    """Run the command in this process and return its exit code."""
    with pytest.raises(SystemExit) as end:
        cli.main([str(argument) for argument in arguments])
    return int(end.value.code or 0)


def objects(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def start(code: str, *arguments: object, **options: object) -> subprocess.Popen[bytes]:
    """Start a Python process that runs `code` with the command line as `cli` and the command as `predict`."""
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"from unmask import cli\nfrom unmask.commands import predict\n{code}"
    )
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options})


def test_a_picture_becomes_one_json_object(
    tiny_detector: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = pictures / "b.png"
    assert run("predict", "--json", "--detector", tiny_detector, picture) == 0
    out, err = capsys.readouterr()
    (found,) = objects(out)
    assert list(found) == JSON_KEYS
    provenance = {"provenance": read_provenance(picture).to_dict()}
    assert found == {"file": str(picture), **Detector(tiny_detector).predict_image(picture).to_dict(), **provenance}
    assert found["kind"] == "image"
    assert found["face_finder"] == "haar"
    assert [list(face) for face in found["faces"]] == [
        ["number", "box", "fake_probability", "verdict", "reasons", "cut_off"]
    ]
    assert err == ""


def test_a_picture_without_a_face_has_a_reason_and_no_number(
    tiny_detector: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("predict", "--json", "--detector", tiny_detector, pictures / "a.png") == 0
    (found,) = objects(capsys.readouterr().out)
    assert (found["verdict"], found["fake_probability"], found["faces"]) == ("no_face", None, [])
    assert found["reason"]


@pytest.fixture
def generated(tmp_path: Path) -> Path:
    """A blank picture with the settings that an image generator writes."""
    texts = PngInfo()
    texts.add_text("parameters", "a sky\nSteps: 20, Sampler: Euler")
    Image.new("RGB", (64, 64), "grey").save(tmp_path / "sky.png", pnginfo=texts)
    return tmp_path / "sky.png"


def test_what_a_picture_says_of_its_origin_stands_below_its_verdict(
    tiny_detector: Path, generated: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("predict", "--detector", tiny_detector, generated, pictures / "a.png") == 0
    verdict, origin, other, _ = capsys.readouterr().out.splitlines()
    assert verdict.endswith("sky.png")
    assert origin.startswith("    Its metadata marks it as made by AI: PNG text parameters says “a sky?Steps: 20")
    assert other.endswith("a.png")  # which says nothing of its origin


def test_what_a_picture_says_of_its_origin_is_in_the_json(
    tiny_detector: Path, generated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("predict", "--json", "--detector", tiny_detector, generated) == 0
    (found,) = objects(capsys.readouterr().out)
    assert found["verdict"] == "no_face"  # as without it
    assert found["provenance"]["declares_ai"] == "untrusted"


def test_a_trust_list_that_is_missing_is_wrong_usage(
    tiny_detector: Path, generated: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UNMASK_C2PA_TRUST", "missing.pem")
    assert run("predict", "--detector", tiny_detector, generated) == 2
    assert capsys.readouterr().err.startswith("unmask: Could not read the trust list missing.pem: No such file")


def test_a_name_that_the_output_cannot_spell_is_no_end(tiny_detector: Path, pictures: Path) -> None:
    name = (pictures / "b.png").rename(pictures / "写真.png").parent
    process = start(
        "cli.main()", "predict", "--detector", tiny_detector, name, env={**os.environ, "PYTHONIOENCODING": "ascii"}
    )
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert b"??.png" in out


def test_folders_are_walked_and_the_order_of_the_arguments_is_kept(
    tiny_detector: Path, pictures: Path, face_bytes: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures.parent / "last.jpg").write_bytes(face_bytes)
    assert run("predict", "--json", "--detector", tiny_detector, pictures / "b.png", pictures, "last.jpg") == 1
    names = [Path(found["file"]).name for found in objects(capsys.readouterr().out)]
    assert names == ["b.png", "a.png", "b.png", "c.png", "last.jpg"]


def test_more_pictures_than_workers_keep_their_order(
    tiny_detector: Path, tmp_path: Path, face_bytes: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(2 * judging.AHEAD)]
    for number, path in enumerate(paths):  # sizes differ, so that some take far longer than their neighbours
        Image.open(io.BytesIO(face_bytes)).resize((40 + 200 * (number % 3),) * 2).save(path)
    assert run("predict", "--json", "--detector", tiny_detector, *paths) == 0
    assert [found["file"] for found in objects(capsys.readouterr().out)] == list(map(str, paths))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("missing.jpg", None, "there is no such file"),  # a path that is not there
        ("text.jpg", b"just words", "not a JPEG"),  # a text with a picture's name
        ("empty.png", b"", "it is empty"),  # nothing in it
        ("cut.png", b"\x89PNG\r\n\x1a\n\x00\x00", "damaged or cut short"),  # a picture's beginning
    ],
)
def test_an_unreadable_file_is_an_object_and_a_line_and_does_not_stop_the_rest(
    name: str,
    content: bytes | None,
    said: str,
    tiny_detector: Path,
    pictures: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad, good = pictures / name, pictures / "b.png"
    if content is not None:
        bad.write_bytes(content)
    assert run("predict", "--json", "--detector", tiny_detector, bad, good) == 1
    out, err = capsys.readouterr()
    first, second = objects(out)
    assert first == {"file": str(bad), "error": err.rstrip("\n")}
    assert err.count("\n") == 1
    assert err.startswith(f"Could not read {bad}: ")
    assert said in err
    assert second["faces"]


def test_a_folder_without_pictures_is_an_error_of_that_folder(
    tiny_detector: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("predict", "--json", "--detector", tiny_detector, tmp_path) == 1
    out, err = capsys.readouterr()
    assert objects(out) == [{"file": str(tmp_path), "error": err.rstrip("\n")}]
    assert err == f"Could not find a picture or clip in {tmp_path}. Name another folder.\n"


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ("notes.txt", "1 file of other kinds (.txt)"),
        ("a.tiff b.TIFF c.wmv noext .DS_Store", "5 files of other kinds (.tiff, hidden, .wmv, without ending)"),
        (".git/config", None),  # hidden folders are not searched
        ("0.a 1.b 2.c 3.d 4.e 5.f 6.g 7.h 8.i", "9 files of other kinds (.a, .b, .c, .d, .e, .f, .g, .h, …)"),
        pytest.param(
            "a.\x1b[31m\n",
            "1 file of other kinds (.?[31m?)",  # a terminal's escape code and a line end
            marks=pytest.mark.skipif(sys.platform == "win32", reason="no such names"),
        ),
    ],
)
def test_what_a_folder_holds_of_other_kinds_is_told_in_one_line(
    names: str, said: str | None, tiny_detector: Path, tmp_path: Path, face_bytes: bytes,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for name in ["face.png", *names.split(" ")]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(face_bytes)
    assert run("predict", "--json", "--detector", tiny_detector, tmp_path) == 0
    out, err = capsys.readouterr()
    assert [Path(found["file"]).name for found in objects(out)] == ["face.png"]
    assert err == (f"Not looked at: {said}.\n" if said else "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["predict"], "Missing argument"),  # no file
        (["predict", "--nonsense", "a.jpg"], "--nonsense"),  # no such option
        (["judge", "a.jpg"], "judge"),  # no such command
        (["predict", "--detector", "nowhere", "a.jpg"], "no detector at nowhere"),  # no such folder
        (["predict", "--detector", "user/nobody", "a.jpg"], "user/nobody"),  # on the Hub, which is offline
        (["predict", "--detector", ".", "a.jpg"], "config.json"),  # a folder that is no detector
        (["predict", "--detector", "TINY", "--revision", "v1", "a.jpg"], "revision"),  # folders have none
    ],
)
def test_wrong_usage_ends_with_two(
    arguments: list[str],
    said: str,
    tiny_detector: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(*[str(tiny_detector) if word == "TINY" else word for word in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert said in err
    if "--detector" in arguments:
        assert err.startswith("unmask: ")
        assert err.count("\n") == 1


def test_a_detector_that_turns_out_broken_is_one_line(
    tiny_detector: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise BrokenDetector("model.onnx gives no numbers. Export it again.")

    monkeypatch.setattr(OnnxRuntime, "run", fail)
    assert run("predict", "--json", "--detector", tiny_detector, pictures / "b.png") == 2
    assert capsys.readouterr() == ("", "unmask: model.onnx gives no numbers. Export it again.\n")


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="the file system takes UTF-8 names alone")
@pytest.mark.parametrize(
    "name",
    [
        b"two\nlines.png",  # a line end inside
        b"not\xffutf8.png",  # a byte that is no UTF-8
        'ünï "quoted" \\ 写真.png'.encode(),  # letters beyond ASCII, quotes and a backslash
        b"\x1b[31mred\x1b[0m.png",  # a terminal's escape codes
    ],
)
def test_odd_file_names_survive_json_and_stay_on_one_line(
    name: bytes, tiny_detector: Path, tmp_path: Path, face_bytes: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(face_bytes)
    assert run("predict", "--json", "--detector", tiny_detector, tmp_path) == 0
    (found,) = objects(capsys.readouterr().out)
    assert os.fsencode(found["file"]).endswith(b"/" + name)
    assert run("predict", "--detector", tiny_detector, tmp_path) == 0
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert "\x1b" not in line


def test_standard_input_is_read_for_a_dash(tiny_detector: Path, face_bytes: bytes) -> None:
    process = start("cli.main()", "predict", "--json", "--detector", tiny_detector, "-", stdin=subprocess.PIPE)
    out, _ = process.communicate(face_bytes)
    assert process.returncode == 0
    assert json.loads(out)["file"] == "-"
    assert json.loads(out)["verdict"] != "no_face"


def test_plain_output_names_verdict_probability_faces_and_file(
    tiny_detector: Path, pictures: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("predict", "--detector", tiny_detector, pictures, pictures / "notes.txt") == 1
    out, err = capsys.readouterr()
    blank, face, _, summary = out.splitlines()
    probability = Detector(tiny_detector).predict_image(pictures / "b.png").fake_probability
    assert blank.split() == ["no_face", "-", "0", "faces", str(pictures / "a.png")]
    assert face.split()[1:] == [f"{probability:.3f}", "1", "face", str(pictures / "b.png")]
    assert summary.startswith("4 files: ")
    assert "1 no_face, 1 unreadable." in summary
    assert "notes.txt" in err


def test_one_picture_has_no_summary(tiny_detector: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("predict", "--detector", tiny_detector, pictures / "b.png") == 0
    assert capsys.readouterr().out.count("\n") == 1


@pytest.fixture
def clip(write_clip: Callable[..., Path], drawn_face: np.ndarray) -> Path:
    """A short clip of one drawn face."""
    return write_clip("pictures/clip.MP4", [drawn_face] * 4)


def test_clips_among_pictures_are_judged_as_clips(
    tiny_detector: Path, pictures: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (pictures / "broken.mov").write_bytes(b"no clip")
    assert run("predict", "--json", "--frames", 2, "--detector", tiny_detector, pictures) == 1
    found = objects(capsys.readouterr().out)
    kinds = [(Path(each["file"]).name, each.get("kind", "error")) for each in found]
    assert kinds == [
        ("a.png", "image"), ("b.png", "image"), ("broken.mov", "error"), ("clip.MP4", "video"), ("c.png", "image"),
    ]  # fmt: skip
    expected = Detector(tiny_detector).predict_video(clip, frames=2).to_dict()
    assert found[3] == {"file": str(clip), **expected, "provenance": read_provenance(clip).to_dict()}


@pytest.mark.parametrize("name", ["clip", "clip.part"])
def test_a_clip_is_known_by_its_content_where_its_name_says_nothing(
    name: str, tiny_detector: Path, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    unnamed, copy = clip.rename(tmp_path / name), tmp_path / "boxed.mp4"
    assert run("predict", "--json", "--detector", tiny_detector, "--annotate", copy, unnamed) == 0
    (found,) = objects(capsys.readouterr().out)
    assert (found["kind"], found["frames_judged"]) == ("video", 4)
    assert copy.is_file()


def test_a_clip_in_a_container_that_is_not_read_is_told_what_to_do(
    tiny_detector: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old.WMV"
    old.write_bytes(bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c") + bytes(600))
    assert run("predict", "--detector", tiny_detector, old) == 1
    assert "not an MP4, MOV, MKV, WebM, AVI or MPEG-TS file. Re-encode it to MP4" in capsys.readouterr().err


def test_a_clip_on_standard_input_is_a_line_that_asks_for_a_file(tiny_detector: Path, clip: Path) -> None:
    process = start("cli.main()", "predict", "--detector", tiny_detector, "-", stdin=subprocess.PIPE)
    out, err = process.communicate(clip.read_bytes())
    assert (process.returncode, out) == (1, b"")
    assert err == b"Could not read standard input: it is a clip. Save it as a file and give its name.\n"


def test_a_clip_has_a_line_and_on_request_a_page_and_an_annotated_copy(
    tiny_detector: Path, clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page, copy = tmp_path / "clip.html", tmp_path / "boxed.mp4"
    assert run("predict", "--detector", tiny_detector, "--report", page, "--annotate", copy, clip) == 0
    out, err = capsys.readouterr()
    assert out.split()[1:] == [out.split()[1], *"1 person in 4 of 4 frames".split(), str(clip)]
    assert err == ""
    assert f"unmask predict --frames 32 --detector {tiny_detector} {clip.name}" in page.read_text(encoding="utf-8")
    assert copy.read_bytes()[4:8] == b"ftyp"


@pytest.mark.parametrize("ending", ["html", "pdf"])
def test_a_picture_has_a_report_in_both_forms(
    ending: str, tiny_detector: Path, pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / f"finding.{ending}"
    assert run("predict", "--detector", tiny_detector, "--report", report, pictures / "b.png") == 0
    assert "1 face" in capsys.readouterr().out
    assert report.read_bytes().startswith({"html": b"<!doctype html>", "pdf": b"%PDF-"}[ending])


@pytest.mark.parametrize(
    ("options", "names", "told"),
    [
        ("--annotate out.mp4", ["b.png"], "--annotate is for one clip"),  # a picture
        ("--annotate out.mp4", ["clip.MP4", "b.png"], "--annotate is for one clip"),  # a clip and more
        ("--annotate out.mp4", ["folder.mp4"], "--annotate is for one clip"),  # a folder with a clip's name
        ("--report out.html", ["clip.MP4", "b.png"], "--report is for one picture or clip"),
        ("--report out.html", ["."], "--report is for one picture or clip"),  # a folder
        ("--annotate b.png", ["clip.MP4"], "--annotate b.png is no .mp4"),  # a file to be judged would be replaced
        ("--annotate out.avi", ["clip.MP4"], "--annotate out.avi is no .mp4"),  # it would be an MP4 all the same
        ("--report out.docx", ["b.png"], "neither .html nor .pdf"),
        ("--report out.pdf", ["clip.MP4"], "Name an .html file"),  # a clip's report is a page
    ],
)
def test_reports_and_copies_are_for_one_file(
    options: str, names: list[str], told: str, tiny_detector: Path, pictures: Path, clip: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (pictures / "folder.mp4").mkdir()
    arguments = [pictures / name for name in names]
    assert run("predict", "--detector", tiny_detector, *options.split(), *arguments) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert told in err


def test_a_report_on_standard_input_is_refused(tiny_detector: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("predict", "--detector", tiny_detector, "--report", "out.html", "-") == 2
    assert "Name one file" in capsys.readouterr().err


def test_a_page_that_cannot_be_written_is_a_line_after_the_verdict(
    tiny_detector: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("predict", "--detector", tiny_detector, "--report", clip / "out.html", clip) == 1
    out, err = capsys.readouterr()
    assert "1 person" in out
    assert err.startswith("unmask: Could not write")


def test_predicting_imports_nothing_heavy(tiny_detector: Path, pictures: Path) -> None:
    code = """
try: cli.main()
except SystemExit as end: code = end.code
heavy = {"torch", "torchvision", "timm", "transformers", "gradio", "matplotlib", "datasets", "sklearn", "scipy"}
sys.exit(f"{code} {sorted(heavy & set(sys.modules))}" if code or heavy & set(sys.modules) else 0)"""
    process = start(code, "predict", "--detector", tiny_detector, pictures / "deeper")
    assert process.communicate()[1] == b""
    assert process.returncode == 0


@pytest.fixture
def many_pictures(tmp_path: Path, face_bytes: bytes) -> Path:
    """A folder of pictures that takes some seconds."""
    (tmp_path / "face.png").write_bytes(face_bytes)
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(400):
        (folder / f"{number:03}.png").symlink_to(tmp_path / "face.png")
    return folder


def test_a_reader_that_goes_away_ends_it_quietly(tiny_detector: Path, many_pictures: Path) -> None:
    process = start("cli.main()", "predict", "--json", "--detector", tiny_detector, many_pictures)
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(process.stdout.readline())["kind"] == "image"  # the line is flushed as it is written
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full device")
def test_a_full_disk_is_one_line(tiny_detector: Path, pictures: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        process = start("cli.main()", "predict", "--json", "--detector", tiny_detector, pictures / "b.png", stdout=full)
        line = process.communicate()[1].decode()
    assert line == "Could not write the output: No space left on device. Free some space, or send it elsewhere.\n"
    assert process.returncode == 2


def test_a_reader_that_goes_away_ends_a_long_clip_too(tiny_detector: Path, pictures: Path, clip: Path) -> None:
    code = """
import itertools, time
def judge_for_ever(self, path, frames, progress):
    for done in itertools.count():
        progress(done, done + 1)
        time.sleep(0.01)
from unmask.detector import Detector
Detector.predict_video = judge_for_ever
cli.main()"""
    process = start(
        code, "predict", "--json", "--detector", tiny_detector, pictures / "b.png", pictures / "a.png", clip
    )
    assert process.stdout is not None
    process.stdout.close()
    try:
        assert process.wait(timeout=60) == 141
    finally:
        process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="its streams are closed otherwise")
@pytest.mark.parametrize(
    ("closed", "code"),
    [
        (0, 1),  # standard input, which is then empty
        (1, 0),  # nobody reads the verdicts
        (2, 0),  # nobody reads the errors
    ],
)
def test_a_stream_that_is_closed_from_the_start_is_no_traceback(
    closed: int, code: int, tiny_detector: Path, pictures: Path
) -> None:
    what = "-" if closed == 0 else pictures / "b.png"
    process = start("cli.main()", "predict", "--detector", tiny_detector, what, preexec_fn=lambda: os.close(closed))
    _, err = process.communicate()
    assert (process.returncode, b"Traceback" in err) == (code, False)


def test_ctrl_c_ends_it_without_a_traceback(tiny_detector: Path, many_pictures: Path) -> None:
    process = start("cli.main()", "predict", "--json", "--detector", tiny_detector, many_pictures)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert (process.returncode, err) == (130, b"")
    assert out.count(b"\n") < 399


def open_terminal() -> tuple[int, int]:
    """Return both ends of a pseudo-terminal of 24 rows and 80 columns, ours first."""
    import fcntl
    import termios

    controller, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    return controller, terminal


def read_terminal(controller: int) -> str:
    """Return what was written to a pseudo-terminal whose other side is closed."""
    chunks = []
    while True:
        try:
            chunk = os.read(controller, 65536)
        except OSError:  # Linux says so when the last writer has gone
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(controller)
    return b"".join(chunks).decode()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_ctrl_c_ends_a_long_clip_in_its_middle(tiny_detector: Path, write_clip: Callable[..., Path]) -> None:
    clip = write_clip("long.mp4", [np.full((64, 64, 3), 99, np.uint8)] * 2000)
    controller, terminal = open_terminal()
    code = "predict.BAR_DELAY = 0; cli.main()"
    process = start(code, "predict", "--frames", 2000, "--detector", tiny_detector, clip, stderr=terminal)
    os.close(terminal)
    shown = b""
    while b"/2000" not in shown:  # the bar of frames: it is being judged
        shown += os.read(controller, 65536)
    process.send_signal(signal.SIGINT)
    assert b"2000/2000" not in read_terminal(controller).encode()
    assert process.communicate() == (b"", None)
    assert process.returncode == 130


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, True),  # work that takes longer than the bar waits
        (3600.0, False),  # work that is over before
    ],
)
def test_the_progress_bar_shows_on_a_terminal_and_leaves_json_alone(
    seconds: float, shown: bool, tiny_detector: Path, many_pictures: Path
) -> None:
    for path in sorted(many_pictures.iterdir())[20:]:
        path.unlink()
    controller, terminal = open_terminal()
    code = f"predict.BAR_DELAY = {seconds}; cli.main()"
    process = start(code, "predict", "--json", "--detector", tiny_detector, many_pictures, stderr=terminal)
    os.close(terminal)
    out, _ = process.communicate()
    assert ("/20" in read_terminal(controller)) == shown
    assert len(objects(out.decode())) == 20


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({"TERM": "xterm"}, True),  # a terminal
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),  # colours are not wanted
        ({"TERM": "xterm", "NO_COLOR": ""}, True),  # an empty NO_COLOR says nothing
        ({"TERM": "dumb"}, False),  # a terminal without colours
    ],
)
def test_colours_are_for_terminals_that_want_them(
    environment: dict[str, str], coloured: bool, tiny_detector: Path, pictures: Path
) -> None:
    controller, terminal = open_terminal()
    arguments = ("predict", "--detector", tiny_detector, pictures / "b.png")
    process = start("cli.main()", *arguments, stdout=terminal, env={**os.environ, **environment})
    os.close(terminal)
    line = read_terminal(controller)
    assert process.communicate()[1] == b""
    assert line.count("\n") == 1
    assert ("\x1b[" in line) == coloured
