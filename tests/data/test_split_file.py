"""`split.csv`: cut by a command, followed by every later reading, and refused where it does not fit."""

import subprocess
import sys

import pytest

from unmask.data.layouts import read_samples
from unmask.data.splits import check_disjoint, cut_splits, main
from unmask.errors import DataError
from unmask.schema import FAKE, REAL, Sample

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")
THREE = {"train": 0.7, "validation": 0.15, "test": 0.15}


@pytest.fixture
def faces(tmp_path):
    """40 clips of three frames in two class folders."""
    root = tmp_path / "faces"
    for number in range(40):
        for frame in range(3):
            path = root / ("real" if number % 2 else "fake") / f"{number:03}_{frame}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(JPEG)
    return root


def _sides(samples):
    return {side: [s for s in samples if s.split == side] for side in {s.split for s in samples}}


def test_the_command_cuts_three_ways_and_the_folder_is_read_so_from_then_on(faces, capsys):
    before = read_samples(faces)
    assert main([str(faces), "--ratios", "0.7", "0.15", "0.15"]) == 0
    sides = _sides(read_samples(faces))
    check_disjoint(sides)
    assert {side: len(part) for side, part in sides.items()} == {"train": 84, "validation": 18, "test": 18}
    assert {(s.path, s.label, s.source_id, s.video_id) for s in before} == {
        (s.path, s.label, s.source_id, s.video_id) for part in sides.values() for s in part
    }
    assert "validation       9 real       9 fake       6 sources" in capsys.readouterr().out


def test_it_runs_as_a_module_and_the_seed_decides(faces, tmp_path):
    command = [sys.executable, "-W", "error", "-m", "unmask.data.splits", str(faces), "--output"]
    subprocess.run([*command, str(tmp_path / "a.csv")], check=True, capture_output=True)
    assert main([str(faces), "--output", str(tmp_path / "b.csv")]) == 0
    assert main([str(faces), "--output", str(tmp_path / "c.csv"), "--seed", "1"]) == 0
    first, again, other = ((tmp_path / f"{name}.csv").read_text() for name in "abc")
    assert first == again != other


def test_cutting_again_starts_from_the_data_set_itself(faces):
    for ratios in (["0.5", "0.5"], ["0.8", "0.2"]):
        assert main([str(faces), "--ratios", *ratios]) == 0
    assert len(_sides(read_samples(faces))["train"]) == 96


def test_a_written_split_is_a_manifest_wherever_it_lies(faces, tmp_path):
    output = tmp_path / "run" / "split.csv"
    assert main([str(faces), "--output", str(output)]) == 0
    samples = read_samples(output)
    assert {s.path for s in samples} == {s.path for s in read_samples(faces)}
    assert {side: len(part) for side, part in _sides(samples).items()} == {"train": 96, "validation": 24}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda root: (root / "real" / "new.jpg").write_bytes(JPEG), r"does not list .*new\.jpg\. Cut it anew"),
        (lambda root: (root / "real" / "001_0.jpg").unlink(), r"lists 1 files .* first real/001_0\.jpg"),
        (lambda root: _replace(root, ",real,", ",fake,"), r"line \d+: real/.* is fake there and real by the data set"),
        (lambda root: _replace(root, ",train", ",holdout"), r"'holdout' is no split"),
        (lambda root: _replace(root, "file_name", "image"), r"split\.csv is not a UTF-8 CSV file with the columns"),
    ],
    ids=["a new picture", "a lost picture", "another label", "another word", "another table"],
)
def test_a_split_that_does_not_fit_the_data_is_an_error(faces, change, message):
    assert main([str(faces)]) == 0
    change(faces)
    with pytest.raises(DataError, match=message):
        read_samples(faces)


def _replace(root, old, new):
    table = root / "split.csv"
    table.write_text(table.read_text().replace(old, new))


def _sample(number, split=None):
    return Sample(f"{number:05}.jpg", number % 2, str(number), str(number), "m", split)


def test_official_sides_stay_and_only_the_missing_one_is_cut():
    samples = [_sample(n, "test" if n < 20 else None) for n in range(100)]
    splits = cut_splits(samples, {"train": 0.6, "validation": 0.2, "test": 0.2}, seed=0)
    assert {s.path for s in splits["test"]} == {s.path for s in samples[:20]}
    assert (len(splits["train"]), len(splits["validation"])) == (60, 20)


def test_a_data_set_with_all_its_sides_is_left_as_it_is():
    samples = [_sample(n, ("train", "validation", "test")[n % 3]) for n in range(30)]
    splits = cut_splits(samples, THREE, seed=5)
    assert all(s.split == side for side, part in splits.items() for s in part)


def test_too_few_sources_and_wrong_ratios_end_in_a_line(faces, capsys):
    assert main([str(faces), "--ratios", "0.5", "0.6"]) == 1
    assert "error: The ratios" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main([str(faces), "--ratios", "1"])
    assert main([str(faces / "nowhere")]) == 1
    assert not (faces / "split.csv").exists()


def test_both_labels_stand_on_all_three_sides():
    splits = cut_splits([_sample(n) for n in range(60)], THREE, seed=0)
    assert {side: {s.label for s in part} for side, part in splits.items()} == {key: {REAL, FAKE} for key in THREE}
