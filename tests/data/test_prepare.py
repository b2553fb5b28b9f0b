"""Clips and pictures to a data set of face crops: what is kept, what is told, and what a kill costs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import datasets
import numpy as np
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from unmask.data import face_crops, prepare
from unmask.data.face_crops import CropSettings, inside_crop
from unmask.data.layouts import read_samples
from unmask.errors import DataError
from unmask.media.drawing import draw_face
from unmask.media.images import read_image
from unmask.preprocessing import crop_face
from unmask.schema import FAKE, REAL, Box

ROOT = Path(__file__).resolve().parents[2]
FFPP = {
    "original_sequences/youtube/c23/videos/055.mp4": ("real", "youtube"),
    "original_sequences/youtube/c23/videos/210.mp4": ("real", "youtube"),
    "manipulated_sequences/Deepfakes/c23/videos/055_147.mp4": ("fake", "Deepfakes"),
    "manipulated_sequences/FaceSwap/c23/videos/055_147.mp4": ("fake", "FaceSwap"),
}
FAST = CropSettings(frames=3)


def moving_face(seed, frames=6):
    """Return frames in which a drawn face moves to the right."""
    face = draw_face(seed, 160)
    room = np.full((frames, 192, 256, 3), 128, np.uint8)
    for number in range(frames):
        left = number * 7 % 96
        room[number, 16:176, left : left + 160] = face
    return list(room)


@pytest.fixture
def tree(tmp_path, write_clip):
    """A FaceForensics++ tree of four clips with a moving face each."""
    for seed, name in enumerate(FFPP):
        write_clip(f"ffpp/{name}", moving_face(seed))
    return tmp_path / "ffpp"


def rows_of(folder):
    return pyarrow.parquet.read_table(folder / "metadata.parquet").to_pylist()


def snapshot(folder):
    return {path.relative_to(folder): path.stat().st_mtime_ns for path in folder.rglob("*.png")}


def test_a_tree_of_clips_becomes_a_data_set_that_training_reads(tree, tmp_path):
    report = prepare.prepare(tree, tmp_path / "faces", FAST, processes=2)
    assert report.counts == {
        "files": 4,
        "faces": 12,
        "real": 6,
        "fake": 6,
        "frames_wanted": 12,
        "frames_read": 12,
    }
    assert report.problems == []
    before = {(s.source_id, s.video_id, s.label, s.method) for s in read_samples(tree)}
    samples = read_samples(tmp_path / "faces")
    assert len(samples) == 12
    assert {(s.source_id, s.video_id, s.label, s.method) for s in samples} == before
    assert {s.label for s in samples} == {REAL, FAKE}
    for sample in samples:
        height, width = read_image(sample.path).shape[:2]
        assert 0 <= sample.box.left < sample.box.right <= width
        assert 0 <= sample.box.top < sample.box.bottom <= height


def test_frame_times_lie_over_the_whole_clip(tree, tmp_path):
    prepare.prepare(tree, tmp_path / "faces", FAST, processes=1)
    by_clip = {}
    for row in rows_of(tmp_path / "faces"):
        by_clip.setdefault(row["video_id"], []).append(row["frame_time"])
    assert len(by_clip) == 4
    assert all(times == pytest.approx([0.04, 0.12, 0.2]) for times in by_clip.values())


def test_datasets_opens_it_with_every_column(tree, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    prepare.prepare(tree, tmp_path / "faces", FAST, processes=1)
    table = datasets.load_dataset("imagefolder", data_dir=str(tmp_path / "faces"), split="train")
    assert len(table) == 12
    assert set(table.column_names) >= {"image", "label", "source_id", "video_id", "method", "frame_time", "left"}
    assert sorted(set(table["label"])) == ["fake", "real"]


@pytest.mark.parametrize("word", ["test", "my_Val_clip"])
def test_a_clip_named_like_a_split_does_not_tear_the_data_set(write_clip, tmp_path, monkeypatch, word):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    write_clip(f"data/real/{word}.mp4", moving_face(1, 2))
    write_clip("data/fake/other.mp4", moving_face(2, 2))
    prepare.prepare(tmp_path / "data", tmp_path / "faces", FAST, processes=1)
    table = datasets.load_dataset("imagefolder", data_dir=str(tmp_path / "faces"))
    assert {split: len(part) for split, part in table.items()} == {"train": 4}


def test_bad_files_are_listed_and_counted_and_stop_nothing(tree, write_clip, tmp_path):
    folder = tree / "original_sequences/youtube/c23/videos"
    (folder / "300.mp4").write_bytes(b"These are words.\n" * 50)
    write_clip("ffpp/original_sequences/youtube/c23/videos/301.mp4", [np.full((96, 96, 3), 90, np.uint8)] * 4)
    cut = write_clip("ffpp/original_sequences/youtube/c23/videos/302.mp4", moving_face(7, 30), gop=3, fast_start=True)
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 2 // 3])
    report = prepare.prepare(tree, tmp_path / "faces", CropSettings(frames=10), processes=2)
    kinds = {Path(problem["path"]).name: problem["problem"] for problem in report.problems}
    assert kinds == {"300.mp4": "unreadable", "301.mp4": "no_face", "302.mp4": "partly_read"}
    written = (tmp_path / "faces/prepared.json").read_text()
    assert json.loads(written)["problems"] == report.problems
    assert str(tmp_path) not in written
    assert "1 no face, 1 partly read, 1 unreadable" in report.summary()
    assert report.counts["frames_read"] < report.counts["frames_wanted"]


def test_pictures_keep_the_largest_face_and_have_no_time(tmp_path):
    for label in ("real", "fake"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for seed in range(2):
            Image.fromarray(draw_face(seed + 5 * (label == "fake"))).save(tmp_path / f"data/{label}/{seed}.png")
    (tmp_path / "data/real/broken.png").write_bytes(b"no picture")
    report = prepare.prepare(tmp_path / "data", tmp_path / "faces", FAST, processes=1)
    rows = rows_of(tmp_path / "faces")
    assert [row["label"] for row in rows].count("real") == 2 == len(rows) - 2
    assert {row["frame_time"] for row in rows} == {None}
    assert [(p["path"], p["problem"]) for p in report.problems] == [("real/broken.png", "unreadable")]


def dies_over_the_evil_picture(unit, folder, settings):
    """Cut a unit's faces; over one picture the process dies, as a decoder with a fault would have it."""
    if any(Path(sample.path).name == "evil.png" for sample in unit.samples):
        os._exit(1)
    return face_crops.cut_unit(unit, folder, settings)


def test_a_picture_that_crashes_the_decoder_costs_none_beside_it(tmp_path, monkeypatch):
    for label in ("real", "fake"):
        (tmp_path / "data" / label).mkdir(parents=True)
        Image.fromarray(draw_face(3)).save(tmp_path / f"data/{label}/1.png")
    Image.fromarray(draw_face(4)).save(tmp_path / "data/real/evil.png")
    monkeypatch.setattr(prepare, "cut_unit", dies_over_the_evil_picture)
    for _ in range(2):  # the second call finds the good ones done
        report = prepare.prepare(tmp_path / "data", tmp_path / "faces", FAST, processes=1)
        assert [(p["path"], p["problem"]) for p in report.problems] == [("real/evil.png", "crashed")]
        assert len(rows_of(tmp_path / "faces")) == 2


def test_the_box_a_data_set_gives_is_taken_not_searched(tmp_path, monkeypatch):
    monkeypatch.setattr(face_crops, "_finder", None)  # calling it would fail
    (tmp_path / "data").mkdir()
    for name in ("a", "b"):
        Image.fromarray(draw_face(1)).save(tmp_path / f"data/{name}.png")
    lines = ["file_name,label,left,top,right,bottom", "a.png,real,60,50,140,150", "b.png,fake,-20,50,90,400"]
    (tmp_path / "data/metadata.csv").write_text("\n".join(lines))
    unit = prepare.make_units(tmp_path / "data", read_samples(tmp_path / "data"))[0]
    result = face_crops.cut_unit(unit, tmp_path / "out/images", FAST)
    boxes = [[row[edge] for edge in face_crops.EDGES] for row in result.rows]
    pictures = [read_image(tmp_path / "out" / row["file_name"]) for row in result.rows]
    assert (boxes[0][2] - boxes[0][0], boxes[0][3] - boxes[0][1]) == (80, 100)
    assert pictures[0].shape[:2] == (200, 200)
    assert boxes[1][0] == 0  # cut to the picture
    assert boxes[1][3] <= pictures[1].shape[0]


@given(st.data())
def test_a_serving_crop_of_the_cut_equals_that_of_the_picture(data):
    """What training sees of a prepared face is what serving would cut from the full frame, to the pixel."""
    height, width = data.draw(st.integers(40, 90)), data.draw(st.integers(40, 90))
    left, top = data.draw(st.integers(0, width - 10)), data.draw(st.integers(0, height - 10))
    right, bottom = data.draw(st.integers(left + 8, width)), data.draw(st.integers(top + 8, height))
    box, margin = Box(left, top, right, bottom), data.draw(st.floats(0, 0.35))
    rows, columns = np.mgrid[:height, :width]
    picture = np.stack([rows, columns, rows], axis=-1).astype(np.uint8)
    cut, tight = inside_crop(box, 0.5, width, height)
    inner = picture[cut.top : cut.bottom, cut.left : cut.right]
    if max(box.width, box.height) <= min(width, height):
        assert np.array_equal(crop_face(inner, tight, margin), crop_face(picture, box, margin))


def test_a_second_call_keeps_what_is_done_and_does_what_is_new(tree, write_clip, tmp_path):
    prepare.prepare(tree, tmp_path / "faces", FAST, processes=1)
    before = snapshot(tmp_path / "faces")
    changed = write_clip("ffpp/original_sequences/youtube/c23/videos/055.mp4", moving_face(9, 8))
    write_clip("ffpp/original_sequences/youtube/c23/videos/400.mp4", moving_face(8))
    report = prepare.prepare(tree, tmp_path / "faces", FAST, processes=1)
    after = snapshot(tmp_path / "faces")
    assert report.counts["faces"] == 15 == len(after)
    assert sum(after.get(path) == stamp for path, stamp in before.items()) == 9
    assert changed.exists()


@pytest.mark.parametrize(
    ("settings", "words"),
    [(CropSettings(frames=4), "frames 3, not 4"), (CropSettings(frames=3, margin=0.3), "margin 0.5, not 0.3")],
)
def test_a_folder_begun_otherwise_is_not_mixed(tree, tmp_path, settings, words):
    prepare.prepare(tree, tmp_path / "faces", FAST, processes=1)
    with pytest.raises(DataError, match=words):
        prepare.prepare(tree, tmp_path / "faces", settings, processes=1)


@pytest.mark.parametrize("wrong", [{"frames": 0}, {"margin": -0.5}, {"margin": float("nan")}])
def test_settings_that_cut_no_face_are_refused(wrong):
    with pytest.raises(DataError):
        CropSettings(**wrong)


def test_somebody_elses_folder_and_the_data_set_itself_are_refused(tree, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter.txt").write_text("dear")
    with pytest.raises(DataError, match="not empty"):
        prepare.prepare(tree, tmp_path / "mine", FAST)
    with pytest.raises(DataError, match="inside the data set"):
        prepare.prepare(tree, tree / "faces", FAST)


def test_a_data_set_without_a_face_says_so(write_clip, tmp_path):
    for label in ("real", "fake"):
        write_clip(f"data/{label}/1.mp4", [np.full((96, 96, 3), 90, np.uint8)] * 2)
    with pytest.raises(DataError, match="Not one face"):
        prepare.prepare(tmp_path / "data", tmp_path / "faces", FAST, processes=1)


def command(data, output):
    script = [sys.executable, "train/prepare.py", "--data", str(data), "--output", str(output)]
    return [*script, "--frames", "16", "--processes", "2"]


def test_after_kill_9_the_same_command_goes_on_and_ends_with_the_same(write_clip, tmp_path):
    for seed in range(5):
        write_clip(f"data/{'real' if seed % 2 else 'fake'}/{seed}.mp4", moving_face(seed, 16))
    first = subprocess.Popen(command(tmp_path / "data", tmp_path / "faces"), cwd=ROOT, stderr=subprocess.DEVNULL)
    images = tmp_path / "faces/images"
    while first.poll() is None and not list(images.glob("*/.rows.json")):
        time.sleep(0.01)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert not (tmp_path / "faces/metadata.parquet").exists()
    kept = {path: stamp for path, stamp in snapshot(images).items() if (images / path.parent / ".rows.json").exists()}
    assert kept
    subprocess.run(command(tmp_path / "data", tmp_path / "faces"), cwd=ROOT, check=True, capture_output=True)
    after = snapshot(images)
    assert all(after[path] == stamp for path, stamp in kept.items())
    assert not (tmp_path / "faces/.aside").exists()
    prepare.prepare(tmp_path / "data", tmp_path / "whole", CropSettings(frames=16), processes=1)
    assert rows_of(tmp_path / "faces") == rows_of(tmp_path / "whole")


def test_the_command_says_what_is_wrong_in_one_line(tmp_path):
    done = subprocess.run(command(tmp_path / "none", tmp_path / "out"), cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "There is no data folder" in done.stderr
    assert "Traceback" not in done.stderr
