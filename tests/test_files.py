"""Files are whole or not there, whatever happens while they are written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from unmask.errors import DataError
from unmask.files import is_same_file, write_json, write_whole


def test_a_file_and_its_missing_folders_are_written(tmp_path):
    write_whole(tmp_path / "a/b/file.bin", b"content")
    assert (tmp_path / "a/b/file.bin").read_bytes() == b"content"
    assert len(list((tmp_path / "a/b").iterdir())) == 1


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    target = tmp_path / "report.json"
    target.write_text("old")
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(DataError, match="No space left"):
        write_whole(target, b"new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("report.json", "old")]


def test_a_file_in_the_place_of_the_folder_is_one_line(tmp_path):
    (tmp_path / "folder").write_text("a file")
    with pytest.raises(DataError, match="Could not write") as raised:
        write_whole(tmp_path / "folder/report.json", b"new")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("path", ["", ".", "/"])
def test_a_path_without_a_name_is_one_line(path):
    with pytest.raises(DataError, match=r"it is a folder\. Name a file in it\."):
        write_whole(Path(path), b"new")


def test_one_file_by_two_names_is_the_same(tmp_path):
    file = tmp_path / "a.mp4"
    file.write_bytes(b"x")
    (tmp_path / "copy.mp4").write_bytes(b"x")
    (tmp_path / "soft.mp4").symlink_to(file)
    os.link(file, tmp_path / "hard.mp4")  # as one name in two cases is, where the file system sees none
    same = {name: is_same_file(tmp_path / name, file) for name in ("a.mp4", "soft.mp4", "hard.mp4", "copy.mp4", "none")}
    assert same == {"a.mp4": True, "soft.mp4": True, "hard.mp4": True, "copy.mp4": False, "none": False}


def test_json_is_indented_and_ends_with_a_line_break(tmp_path):
    write_json(tmp_path / "value.json", {"auc": 0.5})
    text = (tmp_path / "value.json").read_text()
    assert json.loads(text) == {"auc": 0.5}
    assert text == '{\n  "auc": 0.5\n}\n'


def test_a_number_that_json_has_no_word_for_is_refused_and_the_old_file_stays(tmp_path):
    (tmp_path / "value.json").write_text("old")
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "value.json", {"auc": float("nan")})
    assert (tmp_path / "value.json").read_text() == "old"
