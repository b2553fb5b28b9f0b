"""Data sets from the Hub: fetched once, kept byte for byte, and refused where the labels are not clear."""

from __future__ import annotations

import io
import pickle
import shutil
from pathlib import Path

import pytest
from huggingface_hub import constants
from PIL import Image

from unmask.data.layouts import read_samples
from unmask.errors import DataError, HubError
from unmask.evaluation.samples import read_split
from unmask.evaluation.scoring import score_dataset
from unmask.hub import load_detector
from unmask.hub.datasets import FETCHED, fetch_data_set, parse_hub_name
from unmask.schema import FAKE, REAL

NAME = "maker/faces"


def picture(shade: int, kind: str = "PNG") -> bytes:
    """A small picture of one shade."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, shade, shade)).save(file, kind)
    return file.getvalue()


def shard(labels, names=("fake", "real"), pictures=None, **columns) -> bytes:
    """A Parquet file as `push_to_hub` writes it, with labels by number where there are names."""
    from datasets import ClassLabel, Dataset, Features, Value

    rows = [
        {"bytes": content, "path": f"{n}.png"} for n, content in enumerate(pictures or map(picture, range(len(labels))))
    ]
    image = {"bytes": Value("binary"), "path": Value("string")}
    label = ClassLabel(names=list(names)) if names else Value("string" if isinstance(labels[0], str) else "int64")
    features = Features({"image": image, "label": label, **{name: Value("string") for name in columns}})
    file = io.BytesIO()
    Dataset.from_dict({"image": rows, "label": labels, **columns}, features=features).to_parquet(file)
    return file.getvalue()


def test_pictures_in_parquet_become_files_byte_for_byte(hub, capsys):
    first, second = picture(1), picture(2, "JPEG")
    hub.put(NAME, {"data/train-00000-of-00001.parquet": shard([0, 1], pictures=[first, second])})
    samples = read_samples(fetch_data_set(f"hub:{NAME}"))
    held = {sample.label: Path(sample.path).read_bytes() for sample in samples}
    assert held == {FAKE: first, REAL: second}
    assert {sample.split for sample in samples} == {"train"}
    assert f"hub:{NAME}: labels: 'fake' is fake, 'real' is real; 1 real, 1 fake" in capsys.readouterr().out


def test_the_unpacked_form_is_one_that_datasets_opens(hub):
    from datasets import load_dataset

    hub.put(NAME, {"data/train-0.parquet": shard([0, 1, 1])})
    table = load_dataset("imagefolder", data_dir=str(fetch_data_set(f"hub:{NAME}")), split="train")
    assert sorted(table["label"]) == ["fake", "real", "real"]


def test_splits_and_sources_come_along(hub):
    hub.put(NAME, {"train.parquet": shard([0, 1], source_id=["a", "b"]), "test/0.parquet": shard([0, 1])})
    samples = read_samples(fetch_data_set(f"hub:{NAME}"))
    assert sorted(s.split for s in samples) == ["test", "test", "train", "train"]
    assert {s.source_id for s in samples if s.split == "train"} == {"a", "b"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda: shard([0, 1], names=("a", "b")), r"classes of .* are 'a', 'b': they do not say"),  # other words
        (lambda: shard([0, 1], names=("0", "1")), r"are '0', '1': they do not say"),  # numbers as names
        (lambda: shard([0, 1], names=("real", "original")), "do not say"),  # one class under two names
        (lambda: shard([0, 1, 2], names=("real", "fake", "unsure")), "do not say"),  # a third class
        (lambda: shard([0, 1], names=None), r"holds '0', which says neither real nor fake"),  # numbers alone
        (lambda: shard(["real", "cat"], names=None), r"holds 'cat'"),  # one odd word
        (lambda: shard([0, 1], pictures=[b"junk", b""]), r"hold no picture that can be used"),  # no pictures
        (lambda: shard([0, 1])[:-9], "no whole Parquet file"),  # cut short
    ],
)
def test_what_is_not_clear_is_refused_in_one_line(hub, content, message):
    hub.put(NAME, {"data/train-0.parquet": content()})
    with pytest.raises(DataError, match=message) as caught:
        fetch_data_set(f"hub:{NAME}")
    assert "\n" not in str(caught.value)


def test_words_as_labels_are_read(hub):
    hub.put(NAME, {"train.parquet": shard(["Real", "Fake"], names=None)})
    assert sorted(s.label for s in read_samples(fetch_data_set(f"hub:{NAME}"))) == [REAL, FAKE]


def test_rows_that_are_no_picture_are_left_out_and_counted(hub, capsys):
    hub.put(NAME, {"train.parquet": shard([0, 1, 1], pictures=[picture(0), picture(1), b"<html>"])})
    assert len(read_samples(fetch_data_set(f"hub:{NAME}"))) == 2
    assert "1 left out (no picture)" in capsys.readouterr().out


def test_a_repository_of_folders_is_read_where_the_hub_keeps_it(hub, capsys):
    hub.put(NAME, {"Train/Fake/a.jpg": picture(1), "Train/Real/b.JPG": picture(2), "README.md": b"x"})
    samples = read_samples(fetch_data_set(f"hub:{NAME}"))
    found = {Path(s.path).name: (s.label, s.split) for s in samples}
    assert found == {"a.jpg": (FAKE, "train"), "b.JPG": (REAL, "train")}
    assert "labels by class_folders" in capsys.readouterr().out


def test_scripts_and_pickles_are_never_fetched(hub):
    hub.put(NAME, {"real/a.png": picture(1), "fake/b.png": picture(2), "x.pkl": pickle.dumps(1), "faces.py": b"1/0"})
    folder = fetch_data_set(f"hub:{NAME}")
    assert sorted(path.name for path in folder.rglob("*.*")) == ["a.png", "b.png"]
    assert not [asked for asked in hub.requests if asked.endswith((".py", ".pkl"))]
    assert not {"*.py", "*.pkl", "*.zip"} & set(FETCHED)


def test_archives_are_named_with_what_to_do(hub):
    hub.put(NAME, {"faces.zip": b"PK", "labels.csv": b"a,b\n"})
    with pytest.raises(DataError, match=r"archives \(faces\.zip\): fetch them with `hf download`, unpack"):
        fetch_data_set(f"hub:{NAME}")


def test_several_data_sets_in_one_repository_ask_for_one(hub):
    hub.put(NAME, {"celeb/train-0.parquet": shard([0, 1]), "dfdc/train-0.parquet": shard([0, 1, 1])})
    with pytest.raises(DataError, match=rf"several data sets: celeb, dfdc\. Name one, such as hub:{NAME}/celeb"):
        fetch_data_set(f"hub:{NAME}")
    assert len(read_samples(fetch_data_set(f"hub:{NAME}/dfdc"))) == 3


def test_it_is_fetched_once_and_used_without_a_network(hub, monkeypatch):
    hub.put(NAME, {"train.parquet": shard([0, 1])})
    folder = fetch_data_set(f"hub:{NAME}")
    hub.requests.clear()
    assert fetch_data_set(f"hub:{NAME}") == folder
    assert len(hub.requests) == 1  # which commit is the newest
    hub.fail(".", 503)
    assert fetch_data_set(f"hub:{NAME}") == folder
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    assert fetch_data_set(f"hub:{NAME}") == folder


def test_a_copy_that_was_deleted_is_fetched_again(hub):
    hub.put(NAME, {"train.parquet": shard([0, 1])})
    folder = fetch_data_set(f"hub:{NAME}")
    shutil.rmtree(folder)
    assert fetch_data_set(f"hub:{NAME}") == folder
    assert len(read_samples(folder)) == 2


def test_a_version_is_kept_apart_from_the_newest(hub):
    repository = hub.put(NAME, {"train.parquet": shard([0, 1])})
    repository.tags["v1"] = repository.commits[-1][0]
    repository.commits.append(("f" * 40, {"train.parquet": shard([0, 1, 1])}))
    assert len(read_samples(fetch_data_set(f"hub:{NAME}"))) == 3
    assert len(read_samples(fetch_data_set(f"hub:{NAME}@v1"))) == 2


@pytest.mark.parametrize(
    ("breaks", "message"),
    [
        (lambda hub, patch: hub.repositories.clear(), r"no repository datasets/maker/faces on the Hub"),
        (lambda hub, patch: hub.fail("/resolve/", 403, X_Error_Code="GatedRepo"), r"datasets/maker/faces is gated"),
        (lambda hub, patch: hub.fail(".", 503), r"no copy of it here: the Hub failed \(503\)"),
        (lambda hub, patch: patch.setattr(constants, "HF_HUB_OFFLINE", True), "HF_HUB_OFFLINE is set"),
        (lambda hub, patch: patch.setenv("HF_ENDPOINT", "http://127.0.0.1:9"), "cannot be reached"),
    ],
    ids=["none such", "gated", "down", "offline", "no network"],
)
def test_what_cannot_be_fetched_is_one_clear_line(hub, monkeypatch, breaks, message):
    hub.put(NAME, {"train.parquet": shard([0, 1])})
    breaks(hub, monkeypatch)
    with pytest.raises(HubError, match=message) as caught:
        fetch_data_set(f"hub:{NAME}")
    assert "\n" not in str(caught.value)


def test_names_have_a_folder_and_a_version_where_wanted():
    name = parse_hub_name("hub:a/b/c/d@v1")
    assert (name.repo, name.folder, name.revision, str(name)) == ("a/b", "c/d", "v1", "hub:a/b/c/d@v1")


@pytest.mark.parametrize("name", ["hub:", "hub:alone", "hub:a/../b", "hub:a/b/../../c", "hub:a/b@"])
def test_names_that_are_none_are_refused(name):
    with pytest.raises(HubError, match=r"names no data set on the Hub\. Write hub:user/name"):
        fetch_data_set(name)


def test_a_folder_is_left_as_it_is(tmp_path):
    assert fetch_data_set(tmp_path) == tmp_path


def test_a_named_data_set_is_scored_under_its_name(hub):
    hub.put(NAME, {"data/test-0.parquet": shard([0, 1, 1])})
    scores = score_dataset(load_detector(), read_split(f"hub:{NAME}", "test"), root=f"hub:{NAME}", progress=False)
    assert (scores.name, scores.short_path, scores.split) == (f"hub:{NAME}", f"hub:{NAME}", "test")
    assert len({row.file for row in scores.rows}) == 3
    assert all(not Path(row.file).is_absolute() for row in scores.rows)
