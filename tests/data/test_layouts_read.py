"""Each layout on its own: how names and tables become labels, sources, clips and splits."""

import json

import pytest

from unmask.data.layouts import read_samples
from unmask.errors import DataError, UnknownLayout, UnmaskError
from unmask.schema import FAKE, REAL

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")


def _write(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(JPEG)
    return root


def _read(root, **options):
    """Return the samples by their path below the root."""
    samples = read_samples(root, **options)
    return {s.path.removeprefix(f"{root}/"): s for s in samples}


@pytest.mark.parametrize(
    ("real", "fake"),
    [
        ("real", "fake"),
        ("Real", "Fake"),
        ("REAL", "FAKE"),
        ("real_data", "fake_data"),
        ("training_real", "training_fake"),
        ("0_real", "1_fake"),
        ("original", "manipulated"),
        ("authentic", "synthetic"),
    ],
)
def test_class_folders_are_known_by_their_words(tmp_path, real, fake):
    found = _read(_write(tmp_path, f"{real}/a.jpg", f"{fake}/b.jpg"))
    assert {name: s.label for name, s in found.items()} == {f"{real}/a.jpg": REAL, f"{fake}/b.jpg": FAKE}


@pytest.mark.parametrize(
    ("folder", "split"),
    [
        ("Train/Fake", "train"),  # the class below the split
        ("valid/fake", "validation"),
        ("VALIDATION/fake", "validation"),
        ("test/fake", "test"),
        ("testing_fake", "test"),  # both in one name
        ("fake/val", "validation"),  # the split below the class
        ("fake", None),  # no split
    ],
)
def test_the_split_is_read_off_the_folders(tmp_path, folder, split):
    (sample,) = read_samples(_write(tmp_path / "set", f"{folder}/a.jpg"))
    assert (sample.label, sample.split) == (FAKE, split)


def test_a_root_that_is_a_split_folder_has_its_own_name_for_split(tmp_path):
    _write(tmp_path, "Train/real/a.jpg", "Test/real/b.jpg")
    assert [s.split for s in read_samples(tmp_path / "Test")] == ["test"]


def test_a_lone_folder_called_test_is_no_test_split(tmp_path):
    assert [s.split for s in read_samples(_write(tmp_path / "test", "real/a.jpg"))] == [None]


def test_class_folders_beside_a_split_folder_are_read_too(tmp_path):
    found = _read(_write(tmp_path / "set", "real/a.jpg", "fake/b.jpg", "test/real/c.jpg", "test/fake/d.jpg"))
    assert [s.split for s in found.values()] == [None, None, "test", "test"]


def test_frames_are_grouped_by_clip_over_both_classes(tmp_path):
    names = [f"{c}/{clip}_{frame}.jpg" for c in ("real", "fake") for clip in ("00455", "00456") for frame in "01"]
    found = _read(_write(tmp_path, *names))
    assert {found[name].source_id for name in names if "00455" in name} == {"00455"}
    assert found["real/00455_0.jpg"].video_id == "real/00455"
    assert found["fake/00455_0.jpg"].video_id == "fake/00455"


def test_clip_numbers_count_within_a_split(tmp_path):
    found = _read(_write(tmp_path / "set", "train/real/00001_0.jpg", "test/real/00001_0.jpg"))
    assert {s.source_id for s in found.values()} == {"train/00001", "test/00001"}


@pytest.mark.parametrize(
    ("real", "fake"),
    [
        ("00035", "0QK8R3V1HN"),  # 140k: numbers against codes
        ("real_1", "fake_1"),  # hardfake: the same number is no pair
        ("00035", "00035"),  # plain numbers count within their class
        ("00035_1", "0QK8"),  # only one class looks like frames
    ],
)
def test_pictures_that_are_no_frames_are_their_own_sources(tmp_path, real, fake):
    found = _read(_write(tmp_path, f"real/{real}.jpg", f"fake/{fake}.jpg"))
    assert {s.source_id for s in found.values()} == {f"real/{real}", f"fake/{fake}"}


def test_clips_of_two_methods_with_one_name_stay_apart_and_share_their_source(tmp_path):
    names = ["fake/Deepfakes/055_147/1.png", "fake/Face2Face/055_147/1.png", "real/055/1.png"]
    found = _read(_write(tmp_path, *names))
    assert len({s.video_id for s in found.values()}) == 3
    assert {s.source_id for s in found.values()} == {"055"}
    assert found[names[1]].method == "Face2Face"


DFDC = "filename,label,original\na.jpg,REAL,a.mp4\nb.jpg,FAKE,a.mp4\n"


def test_dfdc_faces_are_grouped_by_original(tmp_path):
    _write(tmp_path, "faces/a.jpg", "faces/b.jpg")
    (tmp_path / "metadata.csv").write_text(DFDC)
    real, fake = read_samples(tmp_path)
    assert (real.label, fake.label) == (REAL, FAKE)
    assert real.source_id == fake.source_id == "a"
    assert (fake.video_id, fake.method) == ("b", "DFDC")


def test_dfdc_faces_with_split_folders_are_read_from_their_parent(tmp_path):
    for split in ("train", "test"):
        _write(tmp_path / split, "faces/a.jpg", "faces/b.jpg")
        (tmp_path / split / "metadata.csv").write_text(DFDC)
    assert [s.split for s in read_samples(tmp_path)] == ["test", "test", "train", "train"]


def test_a_manifest_keeps_methods_apart_and_fills_what_it_does_not_say(tmp_path):
    _write(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    rows = ["file_name,label,method,video_id,source_id,split", "a.jpg,fake,Deepfakes,033_097,033,val"]
    rows += ["b.jpg,fake,FaceSwap,033_097,033,", "c.jpg,real,,,,"]
    (tmp_path / "metadata.csv").write_text("\n".join(rows), encoding="utf-8-sig")
    a, b, c = read_samples(tmp_path)
    assert (a.source_id, a.video_id, a.split) == ("033", "Deepfakes/033_097", "validation")
    assert (b.source_id, b.video_id, b.split) == ("033", "FaceSwap/033_097", None)
    assert (c.source_id, c.video_id, c.method) == ("c", "real/c", "real")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a.jpg,maybe", r"metadata\.csv, line 2: 'maybe' names neither class"),  # unknown label
        ("a.jpg,1", r"line 2: '1' names neither class"),  # a number that could mean either
        ("a.jpg,", r"line 2: no label"),  # empty cell
        ("a.jpg", r"line 2: no label"),  # short row
        ("../secret.jpg,real", r"\.\./secret\.jpg lies outside"),  # out of the data set
        ("a.jpg,real\na.jpg,fake", r"a\.jpg is listed twice"),  # one file, two labels
        ("a.jpg,real\nx.jpg,real\ny.jpg,fake", r"2 of 3 files .* are missing, first .*x\.jpg"),  # not on disk
        ("", r"holds no picture"),  # a header alone
    ],
)
def test_a_faulty_manifest_is_one_clear_error(tmp_path, rows, message):
    _write(tmp_path, "a.jpg")
    (tmp_path / "metadata.csv").write_text(f"file_name,label\n{rows}\n")
    with pytest.raises(DataError, match=message):
        read_samples(tmp_path)


def test_a_manifest_with_an_unknown_split_is_an_error(tmp_path):
    _write(tmp_path, "a.jpg")
    (tmp_path / "metadata.csv").write_text("file_name,label,split\na.jpg,real,holdout\n")
    with pytest.raises(DataError, match="'holdout' is no split"):
        read_samples(tmp_path)


def test_unlabelled_pictures_are_never_taken_for_real_unasked(tmp_path):
    _write(tmp_path, "000003.jpg", "000007.jpg")
    with pytest.raises(UnknownLayout, match=r"holds 000003\.jpg, 000007\.jpg.*real_only: pictures without labels"):
        read_samples(tmp_path)
    assert [s.label for s in read_samples(tmp_path, layout="real_only")] == [REAL, REAL]


def test_an_unknown_folder_is_shown_with_the_nearest_layouts(tmp_path):
    _write(tmp_path, "faces/a.jpg", "labels.csv")
    with pytest.raises(
        UnknownLayout, match=r"holds faces/, labels\.csv\. Nearest are manifest: .*; dfdc_faces: faces/ beside"
    ):
        read_samples(tmp_path)


def test_two_layouts_that_fit_alike_ask_for_a_name(tmp_path):
    _write(tmp_path, "original_sequences/youtube/c23/videos/055.mp4", "Celeb-real/id0_0000.mp4")
    _write(tmp_path, "Celeb-synthesis/id0_id1_0000.mp4")
    with pytest.raises(UnknownLayout, match=r"could be celeb_df or ffpp\. Name one"):
        read_samples(tmp_path)
    assert len(read_samples(tmp_path, layout="ffpp")) == 1


def test_a_list_of_files_wins_over_class_folders(tmp_path):
    _write(tmp_path, "real/a.jpg", "fake/b.jpg")
    (tmp_path / "metadata.csv").write_text("file_name,label,source_id\nreal/a.jpg,real,s\nfake/b.jpg,fake,s\n")
    assert {s.source_id for s in read_samples(tmp_path)} == {"s"}


def test_a_wrong_layout_name_is_answered_with_the_nearest(tmp_path):
    with pytest.raises(UnmaskError, match="Did you mean class_folders"):
        read_samples(tmp_path, layout="class_folder")


def test_a_missing_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no data folder at"):
        read_samples(tmp_path / "nowhere")


def test_ffpp_pairs_share_a_source_and_methods_stay_apart(tmp_path):
    fakes = [f"manipulated_sequences/{m}/c23/videos/147_055.mp4" for m in ("Deepfakes", "FaceSwap")]
    reals = [f"original_sequences/youtube/c23/videos/{n}.mp4" for n in ("055", "147", "200")]
    found = _read(_write(tmp_path, *fakes, *reals))
    assert [found[name].source_id for name in fakes + reals] == ["055", "055", "055", "055", "200"]
    assert [found[name].video_id for name in fakes] == ["Deepfakes/c23/147_055", "FaceSwap/c23/147_055"]


def test_ffpp_frames_are_read_in_place_of_their_clips_and_masks_never(tmp_path):
    tree = tmp_path / "manipulated_sequences/Deepfakes"
    _write(tree, "c23/videos/055_147.mp4", "c23/images/055_147/0000.png", "masks/videos/055_147.mp4")
    assert list(_read(tmp_path)) == ["manipulated_sequences/Deepfakes/c23/images/055_147/0000.png"]


def test_ffpp_actors_are_grouped_by_the_actor_in_the_footage(tmp_path):
    _write(tmp_path / "original_sequences/actors/c23/videos", "01__kitchen_pan.mp4")
    _write(tmp_path / "manipulated_sequences/DeepFakeDetection/c23/videos", "01_02__talking__A1B2.mp4")
    assert {s.source_id for s in read_samples(tmp_path)} == {"actor_01"}


@pytest.mark.parametrize("folder", ["", "splits/"])
def test_ffpp_official_lists_give_the_split(tmp_path, folder):
    videos = tmp_path / "original_sequences/youtube/c23/videos"
    _write(videos, "055.mp4", "147.mp4", "200.mp4", "300.mp4")
    for name, pairs in {"train": [["055", "147"]], "val": [["200", "201"]]}.items():
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"{name}.json").write_text(json.dumps(pairs))
    samples = read_samples(tmp_path)
    assert [s.split for s in samples] == ["train", "train", "validation", None]
    assert samples[1].source_id == "055"  # paired by the list alone


@pytest.mark.parametrize("text", ["{", "5", '{"055": "147"}', '["055"]'])
def test_ffpp_broken_official_list_is_an_error(tmp_path, text):
    _write(tmp_path, "original_sequences/youtube/c23/videos/055.mp4")
    (tmp_path / "train.json").write_text(text)
    with pytest.raises(DataError, match=r"train\.json is no"):
        read_samples(tmp_path)


def test_celeb_df_is_grouped_by_footage_and_its_list_gives_the_test(tmp_path):
    _write(tmp_path, "Celeb-real/videos/id0_0003.mp4", "Celeb-synthesis/frames/id0_id1_0003/1.png")
    _write(tmp_path, "YouTube-real/00003.mp4")
    (tmp_path / "List_of_testing_videos.txt").write_text(
        "1 YouTube-real/00003.mp4\n0 Celeb-synthesis/id5_id1_0003.mp4\n"
    )
    real, fake, youtube = read_samples(tmp_path)
    assert [s.label for s in (real, fake, youtube)] == [REAL, FAKE, REAL]
    assert real.source_id == fake.source_id == "id0_0003"
    assert [s.split for s in (real, fake, youtube)] == ["train", "train", "test"]


def test_dfdc_parts_with_a_missing_clip_say_how_many(tmp_path):
    entries = {"a.mp4": {"label": "REAL", "split": "train"}, "b.mp4": {"label": "FAKE", "original": "a.mp4"}}
    (tmp_path / "metadata.json").write_text(json.dumps(entries))
    _write(tmp_path, "a.mp4")
    with pytest.raises(DataError, match=r"1 of 2 files .* first .*b\.mp4"):
        read_samples(tmp_path)


def test_clips_in_class_folders_have_their_footage_as_source(tmp_path):
    fakes = ["fake/055_147.mp4", "fake/147_055.mp4", "fake/01_02__talking__A1B2.mp4", "fake/id0_id1_0003.mp4"]
    reals = ["real/055.mp4", "real/147.mp4", "real/01__kitchen_pan.mp4", "real/id0_0003.mp4", "real/holiday.mov"]
    found = _read(_write(tmp_path, *fakes, *reals))
    assert [found[name].source_id for name in fakes] == ["055", "055", "actor_01", "id0_0003"]
    assert [found[name].source_id for name in reals] == ["055", "055", "actor_01", "id0_0003", "real/holiday"]
    assert found["fake/055_147.mp4"].video_id == "fake/055_147"


def test_frames_are_read_in_place_of_the_clips_of_a_class_folder(tmp_path):
    found = _read(_write(tmp_path, "real/a.jpg", "fake/videos/1.mp4", "fake/frames/1/0.png"))
    assert sorted(found) == ["fake/frames/1/0.png", "real/a.jpg"]
    assert found["fake/frames/1/0.png"].method == "unknown"


def test_frames_of_swapped_pairs_share_a_source_in_class_folders(tmp_path):
    names = ["fake/Deepfakes/147_055/1.png", "fake/Deepfakes/055_147/1.png", "real/147/1.png", "real/200/1.png"]
    found = _read(_write(tmp_path, *names))
    assert [found[name].source_id for name in names] == ["055", "055", "055", "200"]


@pytest.mark.parametrize("original", ["original", "Original", "youtube"])
def test_ffpp_with_its_methods_side_by_side(tmp_path, original):
    names = [f"{original}/147.mp4", "Deepfakes/055_147.mp4", "FaceShifter/055_147.mp4", "csv/list.csv"]
    found = _read(_write(tmp_path, *names))
    assert {(s.label, s.method) for s in found.values()} == {
        (REAL, original),
        (FAKE, "Deepfakes"),
        (FAKE, "FaceShifter"),
    }
    assert {s.source_id for s in found.values()} == {"055"}


@pytest.mark.parametrize("compression", ["c0", "c23", "c40", "raw"])
@pytest.mark.parametrize("kind", ["videos/055_147.mp4", "images/055_147/0001.png"])
def test_ffpp_compressions_as_videos_and_images(tmp_path, compression, kind):
    (sample,) = read_samples(_write(tmp_path, f"manipulated_sequences/Deepfakes/{compression}/{kind}"))
    assert (sample.video_id, sample.source_id) == (f"Deepfakes/{compression}/055_147", "055")
