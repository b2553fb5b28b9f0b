"""The audit as a whole: it finds what is planted, each alone, and is silent on clean data."""

import shutil

import pytest
from PIL import Image

from unmask.data.audit.auditing import audit, read_roots
from unmask.data.audit.quick import quick_audit
from unmask.data.layouts import read_samples
from unmask.errors import DataError


def _kinds(*roots):
    return {(f.level, f.kind) for f in audit(read_roots(roots), progress=False).findings}


def _quick(root):
    return quick_audit(read_samples(root))


def test_both_audits_are_silent_on_clean_data(clean):
    assert _kinds(clean) == set()
    assert _quick(clean) == []


def test_a_planted_duplicate_is_found(clean):
    shutil.copy(clean / "train/real/real3.jpg", clean / "train/real/copy.jpg")
    assert _kinds(clean) == {("warning", "exact_other_source")}
    assert "2 pictures are the same under several source ids" in " ".join(_quick(clean))


def test_a_planted_leak_is_found(clean):
    shutil.copy(clean / "train/fake/fake3.jpg", clean / "test/fake/leak.jpg")
    assert _kinds(clean) == {("serious", "exact_other_split")}
    assert "two splits" in " ".join(_quick(clean))


def test_a_planted_label_conflict_is_found(clean):
    shutil.copy(clean / "train/fake/fake3.jpg", clean / "train/real/same.jpg")
    assert _kinds(clean) == {("serious", "exact_other_label")}
    assert "both classes" in " ".join(_quick(clean))


def test_a_leak_that_was_compressed_and_scaled_is_found(clean):
    original = Image.open(clean / "train/real/real3.jpg")
    original.resize((70, 70)).save(clean / "test/real/leak.jpg", quality=60)
    assert ("serious", "near_other_split") in _kinds(clean)


def test_a_planted_jpeg_shortcut_is_found_and_named(clean, save):
    for number, path in enumerate(sorted(clean.rglob("fake*.jpg"))):
        save(path, 100 + number, quality=75)
    found = audit(read_roots([clean]), progress=False).findings
    assert any("from the JPEG tables alone" in f.text and f.level == "serious" for f in found)
    assert any("from the JPEG tables alone" in line for line in _quick(clean))


def test_a_source_in_two_splits_is_found(tmp_path, save):
    rows = ["file_name,label,source_id,split"]
    for number in range(8):
        save(tmp_path / "set" / f"{number}.jpg", number)
        rows.append(
            f"{number}.jpg,{'real' if number % 2 else 'fake'},s{number // 2},{'test' if number == 7 else 'train'}"
        )
    (tmp_path / "set/metadata.csv").write_text("\n".join(rows))
    assert ("serious", "source_in_two_splits") in _kinds(tmp_path / "set")
    assert "1 sources stand in two splits" in " ".join(_quick(tmp_path / "set"))


def test_one_bad_file_is_named_and_stops_nothing(clean):
    whole = (clean / "train/real/real0.jpg").read_bytes()
    (clean / "train/real/real0.jpg").write_bytes(whole[: len(whole) // 2])
    found = audit(read_roots([clean]), progress=False)
    (finding,) = found.findings
    assert (finding.kind, finding.count) == ("unreadable", 1)
    assert "real0.jpg: it is damaged or cut short" in finding.examples[0]


def test_the_same_picture_in_two_data_sets_is_found(clean, tmp_path, save):
    for number in range(3):
        save(tmp_path / "other/real" / f"r{number}.jpg", 200 + number)
        save(tmp_path / "other/fake" / f"f{number}.jpg", 300 + number)
    shutil.copy(clean / "train/real/real0.jpg", tmp_path / "other/real/same.jpg")
    (finding,) = audit(read_roots([clean, tmp_path / "other"]), progress=False).findings
    assert (finding.kind, finding.dataset) == ("exact_other_dataset", "faces and other")


def test_a_leak_shows_beside_a_copy_in_another_data_set(clean, tmp_path, save):
    """The copy comes first, and each half of the leak is equal to it as well as to the other."""
    save(tmp_path / "a/real/r.jpg", 200)
    save(tmp_path / "a/fake/f.jpg", 300)
    shutil.copy(clean / "train/real/real0.jpg", tmp_path / "a/real/same.jpg")
    shutil.copy(clean / "train/real/real0.jpg", clean / "test/real/leak.jpg")
    assert ("serious", "exact_other_split") in _kinds(tmp_path / "a", clean)


def test_data_sets_of_one_name_are_numbered_and_not_torn(clean, tmp_path):
    other = shutil.copytree(clean, tmp_path / "elsewhere" / "faces")
    roots = [home / split for home in (clean, other) for split in ("train", "test")]
    assert {name for name, _, _ in read_roots(roots)} == {"faces", "faces-2"}


def test_frames_of_one_source_in_one_split_are_only_counted(tmp_path, save):
    for label, seed in (("real", 1), ("fake", 2)):
        for frame in range(3):
            save(tmp_path / "set" / label / f"{seed}_{frame}.jpg", seed, quality=80 + frame)
    assert _kinds(tmp_path / "set") == {("note", "near_same_source")}


def test_a_missing_class_is_warned_of(tmp_path, save):
    save(tmp_path / "set/train/real/a.jpg", 1)
    save(tmp_path / "set/train/fake/b.jpg", 2)
    save(tmp_path / "set/test/real/c.jpg", 3)
    assert _kinds(tmp_path / "set") == {("warning", "one_class")}


def test_two_split_folders_of_a_data_set_are_one_data_set(clean):
    assert {name for name, _, _ in read_roots([clean / "train", clean / "test"])} == {"faces"}


def test_nothing_named_is_an_error():
    with pytest.raises(DataError, match="Name a data folder"):
        read_roots([])
