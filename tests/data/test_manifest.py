"""Manifests: CSV and Parquet tables with named columns, a face box where they give one, read as hostile."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.data.layouts import read_samples, recognise_layout
from unmask.data.tables import columns_of, read_rows, text_of
from unmask.errors import DataError, UnknownLayout
from unmask.schema import FAKE, REAL, Box

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")


def _pictures(root, *names):
    for name in names or ("a.jpg", "b.jpg"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(JPEG)
    return root


def _parquet(path, labels=None, **columns):
    """Write a Parquet file; `labels` are (names, numbers) of a ClassLabel column."""
    from datasets import ClassLabel, Dataset

    table = Dataset.from_dict(columns | ({"label": labels[1]} if labels else {}))
    if labels:
        table = table.cast_column("label", ClassLabel(names=labels[0]))
    table.to_parquet(path)


def test_a_prepared_data_set_gives_boxes_and_frames_of_a_clip(tmp_path):
    _pictures(tmp_path, "images/0.png", "images/1.png")
    columns = {"file_name": ["images/0.png", "images/1.png"], "label": ["real", "fake"]}
    ids = {"source_id": ["055", "055"], "video_id": ["youtube/055", "055_147"], "method": ["youtube", "Deepfakes"]}
    edges = {"left": [1, None], "top": [2, None], "right": [30, None], "bottom": [40, None]}
    _parquet(tmp_path / "metadata.parquet", **columns, **ids, split=["train", None], frame_time=[0.5, None], **edges)
    real, fake = read_samples(tmp_path)
    assert (real.label, real.split, real.box) == (REAL, "train", Box(1, 2, 30, 40))
    assert (fake.label, fake.split, fake.box) == (FAKE, None, None)
    assert (real.video_id, fake.video_id) == ("youtube/055", "Deepfakes/055_147")
    assert real.source_id == fake.source_id == "055"


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("file_name,label", "a.jpg,REAL\nb.jpg,Fake"),  # words in any case
        ("filename,class", "a.jpg,original\nb.jpg,manipulated"),  # other names and words
        ("path,fake", "a.jpg,0\nb.jpg,1"),  # a column that says what 1 is
        ("file,is_fake", "a.jpg,False\nb.jpg,True"),
    ],
)
def test_a_table_of_any_name_is_read_by_its_columns(tmp_path, header, rows):
    (_pictures(tmp_path) / "my faces.csv").write_text(f"{header}\n{rows}\n")
    assert recognise_layout(tmp_path) == "manifest"
    assert [s.label for s in read_samples(tmp_path)] == [REAL, FAKE]


def test_class_numbers_count_where_the_file_names_its_classes(tmp_path):
    _parquet(_pictures(tmp_path) / "t.parquet", file_name=["a.jpg", "b.jpg"], labels=(["fake", "real"], [1, 0]))
    assert [s.label for s in read_samples(tmp_path)] == [REAL, FAKE]


def test_bare_numbers_in_parquet_are_refused(tmp_path):
    _parquet(_pictures(tmp_path) / "t.parquet", file_name=["a.jpg", "b.jpg"], label=[1, 0])
    with pytest.raises(DataError, match=r"line 1: '1' names neither class, .*call the column fake if 1 is fake"):
        read_samples(tmp_path)


@pytest.mark.parametrize(
    "edges",
    [
        "10,10,5,20",  # right before left
        "0,0,10,",  # one edge missing
        "0,0,10,x",  # no number
        "0,0,10.5,20",  # half a pixel
        "0,0,10,99999999999",  # no such picture
    ],
)
def test_a_box_that_is_none_is_an_error(tmp_path, edges):
    table = _pictures(tmp_path) / "metadata.csv"
    table.write_text(f"file_name,label,left,top,right,bottom\na.jpg,real,{edges}\n")
    with pytest.raises(DataError, match=r"metadata\.csv, line 2: the box .* is not"):
        read_samples(tmp_path)


def test_a_table_named_itself_may_list_files_anywhere(tmp_path):
    _pictures(tmp_path / "data")
    table = tmp_path / "lists" / "mine.csv"
    table.parent.mkdir()
    table.write_text(f"file_name,label\n{tmp_path}/data/a.jpg,real\n../data/b.jpg,fake\n")
    assert sorted(s.label for s in read_samples(table)) == [REAL, FAKE]


@pytest.mark.parametrize("name", ["../a.jpg", "/etc/hostname", "x/../../a.jpg", "a\0.jpg"])
def test_a_table_found_in_a_folder_stays_inside_it(tmp_path, name):
    _parquet(_pictures(tmp_path) / "metadata.parquet", file_name=[name], label=["real"])
    with pytest.raises(DataError, match="lies outside"):
        read_samples(tmp_path)


def test_two_tables_alike_are_not_guessed_between(tmp_path):
    for name in ("one.csv", "two.csv"):
        (_pictures(tmp_path) / name).write_text("file_name,label\na.jpg,real\n")
    with pytest.raises(UnknownLayout, match="manifest: metadata"):
        read_samples(tmp_path)
    (tmp_path / "metadata.csv").write_text("file_name,label\nb.jpg,fake\n")
    assert [s.label for s in read_samples(tmp_path)] == [FAKE]


def test_a_named_table_without_the_columns_says_what_it_has(tmp_path):
    (tmp_path / "t.csv").write_text("image,score\na.jpg,1\n")
    with pytest.raises(DataError, match=r"needs the columns file_name and label; it has image, score"):
        read_samples(tmp_path / "t.csv")


@given(st.binary(max_size=400), st.sampled_from([".csv", ".parquet"]))
def test_any_bytes_are_rows_or_a_data_error(tmp_path_factory, content, suffix):
    path = tmp_path_factory.getbasetemp() / f"any{suffix}"
    path.write_bytes(content)
    columns_of(path)
    with contextlib.suppress(DataError):
        assert all(row["file_name"] for _, row in read_rows(path, {"file_name"}))


def test_a_damaged_parquet_file_is_no_table_and_a_clear_error(tmp_path):
    path = _pictures(tmp_path) / "metadata.parquet"
    _parquet(path, file_name=["a.jpg"] * 500, label=["real"] * 500)
    whole = path.read_bytes()
    path.write_bytes(whole[:20] + bytes(40) + whole[60:])  # the footer stands, a page does not
    with pytest.raises(DataError, match=r"metadata\.parquet is damaged|is no whole Parquet file"):
        read_samples(tmp_path)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (float("nan"), ""), (12.0, "12"), (True, "true"), (" x ", "x"), (-1, "-1")],
)
def test_values_become_text(value, text):
    assert text_of(value) == text


def test_a_row_without_a_class_has_no_text():
    assert text_of(-1, ["real", "fake"]) == ""
