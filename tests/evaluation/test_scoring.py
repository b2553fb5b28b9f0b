"""Every picture and clip leaves a row, in order, whatever became of it."""

import dataclasses
import sys

import pytest

from unmask.data.layouts import read_samples
from unmask.errors import BrokenDetector, DataError, UnreadableVideo
from unmask.evaluation.scoring import score_dataset
from unmask.schema import Sample

ROWS = [
    # a dark picture: the rule says real
    ("a.png", 0, (51, 0, 0), 0.2, "real"),
    # middling
    ("b.png", 0, (128, 0, 0), 128 / 255, "uncertain"),
    # a bright one
    ("c.png", 1, (255, 0, 0), 1.0, "fake"),
    # no face: no number, never 0.5
    ("d.png", 1, (0, 0, 255), None, "no_face"),
    # a text file called .png
    ("e.png", 1, None, None, "unreadable"),
]


@pytest.fixture
def samples(draw_sample):
    return [draw_sample(name, label, colour) for name, label, colour, _, _ in ROWS]


def test_every_picture_has_its_row(detector, samples):
    scores = score_dataset(detector, samples, progress=False)
    found = [(row.file, row.label, row.fake_probability, row.verdict) for row in scores.rows]
    assert found == [(name, label, score, verdict) for name, label, _, score, verdict in ROWS]
    assert scores.rows[2].source_id == "source-c.png"
    assert scores.rows[2].method == "Deepfakes"
    assert [row.reasons for row in scores.rows[:3]] == [(), ("between the thresholds", "blurred"), ()]


def test_pictures_without_a_score_stay_out_of_the_metrics(detector, samples):
    labels, values = score_dataset(detector, samples, progress=False).labels_and_scores()
    assert labels.tolist() == [0, 0, 1]
    assert values.tolist() == [0.2, 128 / 255, 1.0]


def test_rows_keep_the_order_of_many_samples(detector, draw_sample):
    samples = [draw_sample(f"{number}.png", 0, (number, 0, 0)) for number in range(60)]
    scores = score_dataset(detector, samples, progress=False)
    assert [row.fake_probability for row in scores.rows] == [number / 255 for number in range(60)]


def test_the_data_set_is_named_by_its_folder(detector, samples, tmp_path):
    scores = score_dataset(detector, samples, progress=False)
    assert (scores.name, scores.short_path, scores.split) == ("some-faces", "some-faces", None)
    above = score_dataset(detector, samples, root=tmp_path / "some-faces", progress=False)
    assert above.rows == scores.rows


def test_a_split_folder_is_named_with_its_data_set(detector, draw_sample, tmp_path):
    samples = [draw_sample("test/a.png", 0, (9, 0, 0), split="test")]
    scores = score_dataset(detector, samples, root=tmp_path / "some-faces/test", progress=False)
    assert (scores.name, scores.short_path, scores.split) == ("some-faces", "some-faces/test", "test")
    assert scores.rows[0].file == "a.png"


@pytest.mark.parametrize(
    ("trained_on", "seen"),
    [
        # another split of the same data set
        (("some-faces/train",), True),
        # the folder's name alone, in another case
        (("Some-Faces",), True),
        # a name that merely begins alike
        (("some-faces-2", "other/train"), False),
        ((), False),
    ],
)
def test_seen_in_training_is_read_from_the_detector(detector, samples, trained_on, seen):
    detector.settings = dataclasses.replace(detector.settings, trained_on=trained_on)
    assert score_dataset(detector, samples, progress=False).seen_in_training is seen


def test_no_samples_is_an_error(detector):
    with pytest.raises(DataError, match="no picture to score"):
        score_dataset(detector, [], progress=False)


def test_an_error_of_the_detector_stops_the_scoring(detector, draw_sample):
    samples = [draw_sample(f"{number}.png", 0, (number, 0, 0)) for number in range(50)]
    begun = []

    def fail(path):
        begun.append(path)
        raise BrokenDetector("model.onnx is truncated.")

    detector.predict_image = fail
    with pytest.raises(BrokenDetector, match="truncated"):
        score_dataset(detector, samples, progress=False)
    assert len(begun) < len(samples)


def test_a_clip_is_judged_as_a_user_would_get_it(tiny_detector, write_clip, drawn_face, tmp_path):
    from unmask.hub import load_detector

    judge = load_detector(tiny_detector)
    write_clip("clips/real/a.mp4", [drawn_face] * 3)
    write_clip("clips/fake/blank.mp4", [drawn_face * 0] * 3)
    (tmp_path / "clips/fake/torn.mp4").write_bytes(b"no clip")
    scores = score_dataset(judge, read_samples(tmp_path / "clips"), root=tmp_path / "clips", progress=False)
    found = {row.file: (row.fake_probability, row.verdict) for row in scores.rows}
    expected = judge.predict_video(tmp_path / "clips/real/a.mp4")
    assert found["real/a.mp4"] == (expected.fake_probability, expected.verdict)
    assert expected.fake_probability is not None
    assert found["fake/blank.mp4"] == (None, "no_face")
    assert found["fake/torn.mp4"] == (None, "unreadable")


def test_clips_that_nothing_here_can_read_are_no_unreadable_ones(tiny_detector, write_clip, drawn_face, monkeypatch):
    from unmask.hub import load_detector

    path = write_clip("real/a.mp4", [drawn_face])
    monkeypatch.setitem(sys.modules, "unmask.media.video", None)
    with pytest.raises(UnreadableVideo, match="pip install av"):
        score_dataset(load_detector(tiny_detector), [Sample(str(path), 0, "a", "a", "real")], progress=False)
