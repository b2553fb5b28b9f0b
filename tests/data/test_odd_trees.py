"""Trees that are not as they should be: swapped, empty, of one class, half unreadable, or packed in folders."""

import json

import pytest

from unmask.data.layouts import find_data_set, read_samples
from unmask.data.splits import choose_splits
from unmask.errors import DataError, UnknownLayout
from unmask.schema import FAKE, REAL

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")


def _write(root, *names, content=JPEG):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def test_swapped_class_folders_are_refused(tmp_path):
    names = [f"{folder}/{word}_{n}.jpg" for folder, word in (("real", "fake"), ("fake", "real")) for n in range(3)]
    with pytest.raises(DataError, match=r"6 of 6 names .* say the other class, first .*\. The classes look swapped"):
        read_samples(_write(tmp_path, *names))


@pytest.mark.parametrize("wrapper", ["deepfake_dataset", "Deepfakes", "fake-faces"])
@pytest.mark.parametrize("splits", [("",), ("train/", "test/")])
def test_a_data_set_in_a_folder_called_like_a_class_keeps_both_classes(tmp_path, recwarn, wrapper, splits):
    names = [f"{wrapper}/{split}{label}/{n}.jpg" for split in splits for label in ("Real", "Fake") for n in range(3)]
    samples = read_samples(_write(tmp_path, *names))
    assert sorted(sample.label for sample in samples) == sorted([REAL, FAKE] * 3 * len(splits))
    assert not recwarn.list


def test_a_swapped_manifest_is_refused(tmp_path):
    _write(tmp_path, "real/1.jpg", "real/2.jpg", "fake/3.jpg", "fake/4.jpg")
    rows = "real/1.jpg,fake\nreal/2.jpg,fake\nfake/3.jpg,real\nfake/4.jpg,real\n"
    (tmp_path / "metadata.csv").write_text(f"file_name,label\n{rows}")
    with pytest.raises(DataError, match="The classes look swapped"):
        read_samples(tmp_path)


def test_a_few_odd_names_are_a_warning_that_counts_them(tmp_path):
    _write(tmp_path, *(f"{c}/{c}_{n}.jpg" for c in ("real", "fake") for n in range(3)), "real/fake_9.jpg")
    with pytest.warns(UserWarning, match=r"1 of 7 names .* first .*real/fake_9\.jpg \(labelled real\)"):
        assert len(read_samples(tmp_path)) == 7


def test_a_name_above_the_data_set_says_nothing_of_it(tmp_path, recwarn):
    read_samples(_write(tmp_path / "fake" / "set", "real/a.jpg", "real/b.jpg", "fake/c.jpg"))
    assert not recwarn.list


def test_swapped_dfdc_labels_are_refused(tmp_path):
    entries = {"a.mp4": {"label": "FAKE", "original": None}, "b.mp4": {"label": "REAL", "original": "a.mp4"}}
    (_write(tmp_path, "a.mp4", "b.mp4") / "metadata.json").write_text(json.dumps(entries))
    with pytest.raises(DataError, match=r"b\.mp4 is labelled real but made from a\.mp4\. The labels look swapped"):
        read_samples(tmp_path)


@pytest.mark.parametrize("line", ["0 YouTube-real/00003.mp4", "1 Celeb-synthesis/id5_id1_0003.mp4"])
def test_a_swapped_celeb_df_list_is_refused(tmp_path, line):
    _write(tmp_path, "Celeb-real/id0_0003.mp4", "Celeb-synthesis/id0_id1_0003.mp4")
    (tmp_path / "List_of_testing_videos.txt").write_text(f"{line}\n")
    with pytest.raises(DataError, match=r"line 1: the label is not that of .* \(1 is real there\)"):
        read_samples(tmp_path)


@pytest.mark.parametrize("line", ["1", "1 00003.mp4", "1 ../x.mp4", "1 Other/1.mp4"])
def test_a_celeb_df_list_of_something_else_is_an_error(tmp_path, line):
    _write(tmp_path, "Celeb-real/id0_0003.mp4", "Celeb-synthesis/id0_id1_0003.mp4")
    (tmp_path / "List_of_testing_videos.txt").write_text(f"{line}\n")
    with pytest.raises(DataError, match="names no clip"):
        read_samples(tmp_path)


def test_a_celeb_df_list_that_names_no_clip_of_the_tree_is_refused(tmp_path):
    """Frames that lie flat are each a clip of their own to us, and all would silently be training data."""
    _write(tmp_path, "Celeb-real/id0_0003_000.png", "Celeb-synthesis/id0_id1_0003_000.png")
    (tmp_path / "List_of_testing_videos.txt").write_text("1 Celeb-real/id0_0003.mp4\n")
    with pytest.raises(DataError, match="into a folder of the clip's name"):
        read_samples(tmp_path)


@pytest.mark.parametrize(
    "names",
    [
        ["real/notes.txt", "fake/notes.txt"],  # class folders without a picture
        ["original_sequences/youtube/c23/videos/readme.txt"],  # FaceForensics++ before the download
        ["Celeb-real/x.txt", "Celeb-synthesis/x.txt"],
    ],
)
def test_a_tree_without_files_is_an_error(tmp_path, names):
    with pytest.raises(DataError, match=r"holds no picture or clip that the layout \w+ can label"):
        read_samples(_write(tmp_path, *names))


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(UnknownLayout, match="which holds nothing"):
        read_samples(tmp_path)


def test_one_class_is_read_and_refused_where_validation_is_cut(tmp_path):
    samples = read_samples(_write(tmp_path, "real/a.jpg"))
    assert [s.label for s in samples] == [REAL]
    with pytest.raises(DataError, match="The real samples come from 1 source"):
        choose_splits(samples, seed=0, validation_fraction=0.2)


def test_a_class_under_an_unknown_name_is_not_passed_over_in_silence(tmp_path):
    with pytest.raises(DataError, match=r"swapped_v2/ name\(s\) no class and is left out, and one class is missing"):
        read_samples(_write(tmp_path, "real/a.jpg", "swapped_v2/b.jpg"))


def test_a_further_folder_of_pictures_is_named_in_a_warning(tmp_path):
    _write(tmp_path, "real/a.jpg", "fake/b.jpg", "cartoons/c.jpg")
    with pytest.warns(UserWarning, match=r"cartoons/ name\(s\) no class"):
        assert len(read_samples(tmp_path)) == 2


def test_a_half_unreadable_tree_is_reported_by_count(tmp_path, monkeypatch):
    import datasets
    from PIL import Image

    from unmask.data.face_table import face_table, usable_rows
    from unmask.media.drawing import draw_face

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / ".cache")
    _write(tmp_path, "real/bad.jpg", "fake/bad.png", content=b"<html>not found</html>")
    for name in ("real/good.png", "fake/good.png"):
        Image.fromarray(draw_face()).save(tmp_path / name)
    samples = [("set", sample) for sample in read_samples(tmp_path)]
    rows, left_out = usable_rows(face_table(samples, None, processes=1))
    assert left_out == {"unreadable": 2}
    assert sorted(rows["label"]) == [REAL, FAKE]


def test_a_data_set_alone_in_its_folders_is_found(tmp_path):
    root = _write(tmp_path / "download", "README.md", "real_vs_fake/train.csv", "real_vs_fake/Dataset/Train/Fake/a.jpg")
    assert find_data_set(root) == (root / "real_vs_fake" / "Dataset", "class_folders")
    assert [(s.label, s.split) for s in read_samples(root)] == [(FAKE, "train")]


def test_pictures_beside_the_one_folder_are_not_passed_over(tmp_path):
    with pytest.raises(UnknownLayout, match=r"Inside it are set/ \(class_folders\): name one"):
        read_samples(_write(tmp_path, "portrait.jpg", "set/real/a.jpg"))


def test_several_data_sets_in_a_folder_are_listed(tmp_path):
    _write(tmp_path, "one/real/a.jpg", "two/Celeb-real/b.mp4", "two/Celeb-synthesis/c.mp4", "notes/x.txt")
    with pytest.raises(UnknownLayout, match=r"Inside it are one/ \(class_folders\); two/ \(celeb_df\): name one"):
        read_samples(tmp_path)
