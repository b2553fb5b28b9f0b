"""The command that repeats a verdict comes out of a shell as it went in, and tells no folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unmask.detector import Detector
from unmask.repeating import repeat_command, shell_line, shell_lines

NAMES = st.text(st.characters(exclude_characters="\0/"), min_size=1).filter(lambda name: _is_encodable(name))


def _is_encodable(name: str) -> bool:
    try:
        return bool(os.fsencode(name))
    except UnicodeEncodeError:
        return False


@pytest.mark.skipif(shutil.which("bash") is None, reason="the line is for bash")
@pytest.mark.parametrize("paper", [True, False])
@given(words=st.lists(NAMES, max_size=5))
@settings(max_examples=20)
def test_a_shell_reads_the_words_again(words: list[str], paper: bool) -> None:
    line = shell_lines(words, 12) if paper else shell_line(words)
    assert line.replace("\n", "").isprintable()
    assert line.isascii() or not paper
    said = subprocess.run(["bash", "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True).stdout
    assert said == b"".join(os.fsencode(word) + b"\0" for word in words or [""])


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["a", "bc"], "a bc"),
        (["four", "five"], "four \\\nfive"),  # with its backslash the line would be too long
        (["a", "nineteen-characters", "b"], "a \\\nnineteen-characters \\\nb"),  # a long word stays whole
    ],
)
def test_lines_for_paper(words: list[str], lines: str) -> None:
    assert shell_lines(words, 10) == lines


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("photo.jpg", "photo.jpg"),
        ("/home/ada/secret/photo.jpg", "photo.jpg"),  # whose folder it is stays private
        ("--json", "./--json"),  # no option
    ],
)
def test_the_file_is_named_without_its_folder(name: str, typed: str, tiny_detector: Path) -> None:
    assert repeat_command(name, Detector(tiny_detector))[-1] == typed


def test_strangers_are_not_told_where_the_detector_lies(tiny_detector: Path) -> None:
    detector = Detector(tiny_detector)
    words = ["UNMASK_FACE_MODEL=haar", "unmask", "predict", "--detector"]
    assert repeat_command("a.jpg", detector) == [*words, str(tiny_detector), "a.jpg"]
    assert repeat_command("a.jpg", detector, public=True) == [*words, tiny_detector.name, "a.jpg"]
