"""What every registered layout owes: right labels, unique paths, ids that split without leaking."""

import json
from pathlib import Path

import pytest

from unmask.data.layouts import layouts, read_samples, recognise_layout
from unmask.data.splits import check_disjoint, split_by_source
from unmask.schema import FAKE, REAL

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")


def _write(root, labels):
    """Write a file for every path and return the labels by path."""
    for name in labels:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(JPEG)
    return labels


def class_folders(root):
    return _write(root, {f"{c}/{n}_{f}.jpg": c == "fake" for c in ("real", "fake") for n in "1234" for f in "01"})


def dfdc_faces(root):
    clips = [(f"faces/{c}{n}.jpg", c, f"r{n}.mp4") for n in range(4) for c in "rf"]
    rows = [f"{path[6:]},{'REAL' if c == 'r' else 'FAKE'},{original}" for path, c, original in clips]
    (root / "metadata.csv").write_text("\n".join(["filename,label,original", *rows]))
    return _write(root, {path: c == "f" for path, c, _ in clips})


def manifest(root):
    files = {f"{c}_{n}.png": c == "fake" for c in ("real", "fake") for n in range(4)}
    rows = [f"{name},{name[:4]},{name[:4]}-m,{name[5]},s{name[5]}" for name in files]
    (root / "metadata.csv").write_text("\n".join(["file_name,label,method,video_id,source_id", *rows]))
    return _write(root, files)


def real_only(root):
    return _write(root, {f"{n:06}.jpg": REAL for n in range(4)})


def ffpp(root):
    real = {f"original_sequences/youtube/c23/videos/{n}.mp4": REAL for n in ("033", "097", "055", "147")}
    fake = {
        f"manipulated_sequences/{m}/c23/videos/{n}.mp4": FAKE
        for m in ("Deepfakes", "FaceSwap")
        for n in ("033_097", "097_033", "055_147")
    }
    return _write(root, real | fake)


def celeb_df(root):
    real = {f"Celeb-real/id{n}_0000.mp4": REAL for n in range(3)}
    fake = {f"Celeb-synthesis/id{n}_id9_0000.mp4": FAKE for n in range(3)}
    return _write(root, real | fake | {"YouTube-real/00000.mp4": REAL})


def dfdc_parts(root):
    files = {}
    for part in ("dfdc_train_part_0", "dfdc_train_part_1"):
        entries = {
            f"{part[-1]}r.mp4": {"label": "REAL", "split": "train", "original": None},
            f"{part[-1]}f.mp4": {"label": "FAKE", "split": "train", "original": f"{part[-1]}r.mp4"},
        }
        files |= {f"{part}/{name}": entry["label"] == "FAKE" for name, entry in entries.items()}
        (root / part).mkdir()
        (root / part / "metadata.json").write_text(json.dumps(entries))
    return _write(root, files)


BUILDERS = {
    build.__name__: build for build in (class_folders, dfdc_faces, manifest, real_only, ffpp, celeb_df, dfdc_parts)
}


def test_every_layout_has_a_tree_here():
    assert sorted(BUILDERS) == list(layouts), "write a tiny tree for the new layout and add it to BUILDERS"


def test_every_layout_is_in_the_docs():
    page = (Path(__file__).parents[2] / "docs" / "data_sets.md").read_text(encoding="utf-8")
    titles = " ".join(line for line in page.splitlines() if line.startswith("### "))
    assert [name for name in layouts if f"`{name}`" not in titles] == []


@pytest.fixture(params=sorted(BUILDERS))
def tree(request, tmp_path):
    """A layout's name, its tiny tree and the labels it should read there."""
    root = tmp_path / "data"
    root.mkdir()
    return request.param, root, BUILDERS[request.param](root)


def test_it_recognises_its_own_tree_or_is_only_named(tree):
    name, root, _ = tree
    recognised = layouts[name]().recognises(root)
    assert recognised == (layouts[name].specificity > 0)
    assert not recognised or recognise_layout(root) == name


def test_it_does_not_recognise_an_empty_folder(tree, tmp_path):
    (tmp_path / "empty").mkdir()
    assert not layouts[tree[0]]().recognises(tmp_path / "empty")


def test_labels_are_those_of_the_tree(tree):
    name, root, labels = tree
    samples = read_samples(root, layout=name)
    assert {s.path: s.label for s in samples} == {str(root / path): int(y) for path, y in labels.items()}
    assert all(type(sample.label) is int for sample in samples)


def test_samples_are_sorted_and_every_path_comes_once(tree):
    name, root, _ = tree
    paths = [sample.path for sample in read_samples(root, layout=name)]
    assert paths == sorted(set(paths))


def test_ids_are_filled_and_a_clip_has_one_source_label_and_method(tree):
    name, root, _ = tree
    samples = read_samples(root, layout=name)
    assert all(s.source_id and s.video_id and s.method for s in samples)
    clips = {(s.video_id, s.source_id, s.label, s.method) for s in samples}
    assert len(clips) == len({s.video_id for s in samples})


def test_both_labels_stand_on_both_sides_and_no_source_does(tree):
    name, root, labels = tree
    splits = split_by_source(read_samples(root, layout=name), {"train": 0.5, "validation": 0.5}, seed=1)
    check_disjoint(splits)
    for part in splits.values():
        assert {sample.label for sample in part} == {int(label) for label in labels.values()}
