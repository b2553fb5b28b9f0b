"""A clip is judged by its people: who is followed, how their frames are pooled, and what damage or nobody means."""

from __future__ import annotations

import dataclasses
import io
import itertools
import json
import math
import sys
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.clips import BRIEF_SHARE, CROP_SIDE, CROPS_KEPT, ClipJudging, judge_clip, pool_probabilities
from unmask.detector import Detector
from unmask.errors import UnreadableVideo
from unmask.media.drawing import draw_face
from unmask.media.faces import make_face_finder
from unmask.media.tracks import MOST_PEOPLE
from unmask.media.video import read_frames
from unmask.preprocessing import crop_face
from unmask.schema import Box, Caution, DetectorSettings, Face
from unmask.verdicts import Assessment

RED, BLUE = (230, 30, 30), (30, 30, 230)
GREY = np.full((120, 320, 3), 128, np.uint8)


def frame(red=None, blue=None, side=40, ground=GREY):
    """Return a picture with a red and a blue square whose left edges are given, blue in front."""
    picture = ground.copy()
    for left, colour in ((red, RED), (blue, BLUE)):
        if left is not None:
            picture[40 : 40 + side, left : left + side] = colour
    return picture


def coloured(pixels, channel):
    """Return where one channel stands out, bool [H, W]."""
    others = [c for c in range(3) if c != channel]
    return (pixels[..., channel] > 180) & (pixels[..., others] < 90).all(axis=-1)


class SquareFinder:
    """Takes the red and the blue square for faces, unless much of one is hidden."""

    name = "squares"
    closer_side, doubtful = 96, 0.0

    def find_faces(self, image):
        faces = []
        for channel in (0, 2):
            rows, columns = np.nonzero(coloured(image, channel))
            if len(rows) > 100:
                box = Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
                faces += [Face(box, 1.0)] if box.width > 0.75 * box.height else []
        return sorted(faces, key=lambda face: -face.box.area)


class ColourJudge:
    """Calls red 0.9 fake and blue 0.1."""

    name = "colours@1"
    settings = DetectorSettings(1, "colours", 0.0, 1.0, 0.4, 0.6, "max", (), "", "none")
    face_finder = SquareFinder()

    def __init__(self, doubt=lambda box: ()):
        self.doubt = doubt

    def assess_faces(self, image, boxes):
        crops = [crop_face(image, box, 0.0) for box in boxes]
        said = [0.9 if coloured(crop, 0).sum() > coloured(crop, 2).sum() else 0.1 for crop in crops]
        return [Assessment(p, self.doubt(box), crop) for p, box, crop in zip(said, boxes, crops, strict=True)]


def judge(path, frames=8, doubt=lambda box: (), **wishes):
    return judge_clip(ColourJudge(doubt), path, frames, **wishes)


def test_each_person_has_a_track_and_the_most_fake_one_decides(write_clip):
    clip = write_clip("two.mp4", [frame(red=10 + n, blue=200 - n) for n in range(20)], rate=10)
    found = judge(clip)
    assert (found.verdict, found.face_finder, found.detector) == ("fake", "squares", "colours@1")
    red, blue = found.people
    assert (red.number, red.verdict, blue.number, blue.verdict) == (1, "fake", 2, "real")
    assert found.fake_probability == red.fake_probability == pytest.approx(0.9)
    assert blue.probabilities == (0.1,) * 8
    assert red.times == pytest.approx([0.1, 0.3, 0.6, 0.8, 1.1, 1.3, 1.6, 1.8])
    assert [box.left for box in red.boxes] == pytest.approx([10 + 10 * time for time in red.times], abs=2)
    assert (found.width, found.height, found.duration) == (320, 120, pytest.approx(2.0))
    assert found.reason == (
        "Person 1, the most fake of 2, has fake probability 0.900 over 8 frames, above the fake threshold 0.600. "
        "Judged 8 of 8 frames."
    )


class AnyColourFinder:
    """Takes a square that is brighter than the ground for a face."""

    name = "colours"
    closer_side, doubtful = 96, 0.0

    def find_faces(self, image):
        rows, columns = np.nonzero(image.max(axis=-1) > 140)
        return [Face(Box(int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1), 1.0)]


def test_whoever_stays_is_judged_after_a_parade_of_strangers(write_clip):
    """More strangers, each in one frame, than are followed at once."""
    colours = list(itertools.product((21, 64, 106, 149, 191, 234), (149, 191, 234), (21, 64, 106, 149, 191, 234)))
    frames = [GREY.copy() for _ in range(MOST_PEOPLE + 11)]
    for picture, colour in zip(frames, [*colours[: MOST_PEOPLE + 3], *[RED] * 8], strict=True):
        picture[:, 60:260] = colour  # near, so that little else is seen
    judging = ColourJudge()
    judging.face_finder = AnyColourFinder()
    found = judge_clip(judging, write_clip("parade.mp4", frames, gop=1), len(frames))
    *_, last = found.people
    assert (found.verdict, last.probabilities) == ("fake", (0.9,) * 8)
    assert [person.number for person in found.people] == list(range(1, MOST_PEOPLE + 1))
    assert found.reason.endswith("More than 100 people were seen: the 4 seen least were left out.")


def test_two_who_cross_keep_their_own_scores(write_clip):
    clip = write_clip("cross.mp4", [frame(red=7 * n, blue=280 - 7 * n) for n in range(41)], rate=10)
    people = judge(clip, 32).people
    assert [set(person.probabilities) for person in people] == [{0.9}, {0.1}]
    assert [len(person.times) for person in people] == [28, 32]  # red hides behind blue


@pytest.mark.parametrize(
    ("doubted", "verdict", "said"),
    [
        (0, "fake", "above the fake threshold 0.600. Judged"),  # no frame is in doubt
        (4, "fake", "above the fake threshold 0.600. Judged"),  # half of them
        (5, "uncertain", "which is no ground for a verdict: too small in most frames. Judged"),  # one more
    ],
)
def test_a_person_without_ground_in_most_frames_gets_no_verdict(write_clip, doubted, verdict, said):
    """The square moves to the right: `doubted` of eight judged frames show it left of a line."""
    clip = write_clip("clip.mp4", [frame(red=10 * n) for n in range(8)], rate=10)
    found = judge(clip, 8, lambda box: (Caution("too small", True),) if box.left < 10 * doubted - 5 else ())
    assert (found.verdict, found.people[0].verdict) == (verdict, verdict)
    assert found.reasons == found.people[0].reasons == (("too small",) if verdict == "uncertain" else ())
    assert found.fake_probability == pytest.approx(0.9)  # scores stay comparable
    assert said in found.reason


class TopHeavyFinder(SquareFinder):
    """Is the surer of a square the brighter its upper half."""

    def find_faces(self, image):
        faces = super().find_faces(image)
        tops = [image[face.box.top : (face.box.top + face.box.bottom) // 2] for face in faces]
        return [Face(face.box, float(top.mean() / 255)) for face, top in zip(faces, tops, strict=True)]


@pytest.mark.parametrize(("turned", "verdict"), [(0, "fake"), (1, "fake"), (2, "uncertain"), (3, "uncertain")])
def test_a_person_on_their_head_in_most_of_the_best_frames_gets_no_verdict(write_clip, turned, verdict):
    upright = frame(red=100)
    upright[60:80, 100:140, 0] = 190  # darker below
    judging = ColourJudge()
    judging.face_finder = TopHeavyFinder()
    frames = [upright[::-1] if number < turned else upright for number in range(3)]
    found = judge_clip(judging, write_clip("turned.mp4", frames), 3)
    assert (found.verdict, found.people[0].verdict) == (verdict, verdict)
    assert found.reasons == (("upside down",) if verdict == "uncertain" else ())
    assert found.fake_probability == pytest.approx(0.9)


def test_a_person_called_fake_goes_before_one_who_cannot_be_judged(write_clip):
    clip = write_clip("two.mp4", [frame(red=10, blue=200)] * 4)
    found = judge(clip, 4, lambda box: (Caution("blurred", True),) if box.left < 100 else ())
    assert [person.verdict for person in found.people] == ["uncertain", "real"]
    assert (found.verdict, found.reasons) == ("uncertain", ("blurred",))  # red is the most fake


def test_a_step_is_a_frame_and_stopping_ends_the_work(write_clip):
    clip = write_clip("clip.mp4", [frame(red=10)] * 40)
    seen = []
    steps = iter(ClipJudging(ColourJudge(lambda box: seen.append(box) or ()), clip, 40))
    assert [next(steps) for _ in range(3)] == [(1, 40), (2, 40), (3, 40)]
    steps.close()
    assert len(seen) < 10


def test_a_gap_leaves_one_person_and_is_said(write_clip):
    frames = [frame(red=100 if n < 10 or n >= 20 else None) for n in range(30)]
    found = judge(write_clip("gap.mp4", frames, rate=10), 15)
    assert [len(person.times) for person in found.people] == [10]
    assert (found.frames_wanted, found.frames_read, found.frames_judged) == (15, 15, 10)
    assert "The person has fake probability 0.900 over 10 frames" in found.reason
    assert found.reason.endswith("Judged 10 of 15 frames.")


def test_a_brief_face_is_listed_and_named_but_does_not_decide(write_clip):
    frames = [frame(blue=200, red=20 if n == 5 else None) for n in range(16)]
    found = judge(write_clip("brief.mp4", frames), 16)
    assert [(person.verdict, person.brief) for person in found.people] == [("real", False), ("fake", True)]
    assert BRIEF_SHARE > 1 / 16
    assert found.verdict == "real"
    assert "Person 2 looks fake, but in too few frames to decide" in found.reason


def test_a_clip_without_a_face_has_a_reason_and_no_number(write_clip):
    found = judge(write_clip("empty.mp4", [frame()] * 5))
    assert (found.verdict, found.fake_probability, found.people) == ("no_face", None, ())
    assert (found.frames_wanted, found.frames_judged) == (5, 0)
    assert found.reason.startswith("No face was found in 5 of 5 frames")


@pytest.mark.parametrize(
    ("frames", "wishes", "judged"),
    [
        ([frame(red=10)], {}, 1),  # one frame
        ([frame(red=10)] * 3, {}, 3),  # fewer than asked
        ([frame(red=10 + n % 50) for n in range(1500)], {"gop": 250}, 8),  # a minute in few groups
        ([frame(red=10)] * 30, {"stamps": [*range(0, 580, 20), 5000]}, 2),  # one frame is shown for long
        ([frame(red=10)] * 12, {"sound": True}, 8),  # with sound
    ],
)
def test_clips_of_every_kind_are_judged(write_clip, frames, wishes, judged):
    found = judge(write_clip("clip.mp4", frames, **wishes))
    assert found.verdict == "fake"
    assert found.frames_judged == found.frames_wanted == judged


def test_a_turned_clip_is_judged_upright(write_clip):
    found = judge(write_clip("turned.mp4", [frame(red=0)] * 4, rotation=90))
    assert (found.width, found.height) == (120, 320)
    assert found.people[0].boxes[0].top <= 2  # the left edge is the top, turned clockwise


def test_a_clip_whose_second_half_is_broken_is_judged_by_the_first(write_clip):
    clip = write_clip("broken.mp4", [frame(red=10 + n) for n in range(40)], fast_start=True, gop=4)
    data = clip.read_bytes()
    media = data.index(b"mdat")
    clip.write_bytes(data[: (media + len(data)) // 2])
    found = judge(clip)
    assert found.verdict == "fake"
    assert 0 < found.frames_judged == found.frames_read < found.frames_wanted == 8
    assert f"Judged {found.frames_read} of 8 frames; {8 - found.frames_read} could not be decoded." in found.reason


def test_a_clip_with_a_damaged_middle_is_judged_by_its_ends(write_clip):
    clip = write_clip("holed.mp4", [frame(red=10 + n) for n in range(60)], gop=5, fast_start=True)
    data = bytearray(clip.read_bytes())
    start = data.index(b"mdat") + 8
    third = (len(data) - start) // 3
    data[start + third : start + 2 * third] = np.random.default_rng(0).bytes(third)
    clip.write_bytes(data)
    found = judge(clip, 12)
    assert found.verdict == "fake"
    assert 4 <= found.frames_read < found.frames_wanted == 12
    assert (found.people[0].times[0], found.people[0].times[-1]) == pytest.approx((0.08, 2.28), abs=0.05)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"just words " * 100, "not an MP4"),  # a text
        (b"", "it is empty"),  # nothing
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 50, "it is a picture, not a clip"),
        (b"\x00\x00\x00\x18ftypheic" + b"\x00" * 50, "it is a picture, not a clip"),  # which begins as an MP4 does
        (b"\x00\x00\x00\x20ftypisom" + b"\x00" * 500, "clip.mp4"),  # only a beginning
        (None, "there is no such file"),  # no file
    ],
)
def test_what_is_no_clip_is_one_line(tmp_path, content, said):
    path = tmp_path / "clip.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UnreadableVideo, match=r"^Could not read clip\.mp4: ") as failure:
        judge(path)
    assert said in str(failure.value)
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize("source", [b"\x00\x00\x00\x20ftypisom", io.BytesIO(), None])
def test_a_clip_that_is_given_as_no_path_is_one_line(source):
    with pytest.raises(UnreadableVideo, match=f"it is a {type(source).__name__}. Give the path of a clip"):
        judge(source)


def test_without_pyav_a_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "unmask.media.video", raising=False)
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UnreadableVideo, match="pip install av"):
        judge(tmp_path / "clip.mp4")


def test_progress_counts_the_frames_up_to_those_wanted(write_clip):
    calls = []
    judge(write_clip("clip.mp4", [frame(red=10)] * 12), progress=lambda *call: calls.append(call))
    assert calls == [(n, 8) for n in range(1, 9)]


def test_an_error_in_a_worker_ends_the_clip(write_clip):
    def stop(done, wanted):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge(write_clip("clip.mp4", [frame(red=10)] * 12), progress=stop)


def test_only_a_few_small_crops_of_a_person_are_kept(write_clip):
    large = np.full((480, 640, 3), 128, np.uint8)
    frames = [frame(red=10 + 5 * n, side=200 + 10 * n, ground=large) for n in range(8)]
    (person,) = judge(write_clip("near.mp4", frames)).people
    assert person.best_frames == (7, 6, 5)  # the largest faces, best first
    assert [crop.shape for crop in person.crops] == [(CROP_SIDE, CROP_SIDE, 3)] * CROPS_KEPT
    assert all(coloured(crop, 0).mean() > 0.9 for crop in person.crops)


def test_memory_does_not_grow_with_the_clip(write_clip):
    def peak(count):
        clip = write_clip(f"{count}.mp4", [frame(red=n % 200) for n in range(count)])
        tracemalloc.start()
        judge(clip, frames=count)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(10)  # what the first call loads stays
    assert peak(200) < peak(40) + 5 * GREY.nbytes


def test_the_dictionary_is_json_without_pictures(write_clip):
    found = judge(write_clip("clip.mp4", [frame(red=10)] * 2))
    told = json.loads(json.dumps(found.to_dict()))
    assert list(told) == [
        "kind", "verdict", "fake_probability", "people", "frames_wanted", "frames_read", "frames_judged", "duration",
        "reasons", "reason", "face_finder", "detector",
    ]  # fmt: skip
    assert (told["kind"], told["verdict"], told["fake_probability"]) == ("video", "fake", 0.9)
    (person,) = told["people"]
    assert list(person) == ["number", "verdict", "fake_probability", "reasons", "brief", "best_times", "frames"]
    assert person["frames"][0] == {"time": 0.0, "fake_probability": 0.9, "box": found.people[0].boxes[0].as_list()}
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.verdict = "real"


probabilities = st.lists(st.floats(0.001, 0.999), min_size=1, max_size=40)


@given(probabilities)
def test_pooling_averages_the_logits(values):
    mean = math.fsum(math.log(p / (1 - p)) for p in values) / len(values)
    assert pool_probabilities(values) == pytest.approx(1 / (1 + math.exp(-mean)), abs=1e-9)
    assert min(values) - 1e-9 <= pool_probabilities(values) <= max(values) + 1e-9


def test_one_sure_frame_does_not_outweigh_all_others():
    assert pool_probabilities([0.0, 1.0]) == pytest.approx(0.5)
    assert pool_probabilities([1.0, *[0.1] * 9]) < 0.5


def test_a_detector_judges_drawn_people_in_a_clip(tiny_detector, write_clip):
    """The whole path: Haar finds drawn faces that move, the network judges, equal frames give equal scores."""
    face = draw_face(3, 160)
    frames = []
    for n in range(6):
        picture = np.full((200, 480, 3), 120, np.uint8)
        picture[20:180, 20 + 4 * n : 180 + 4 * n] = face
        frames.append(picture)
    detector = Detector(tiny_detector)
    found = detector.predict_video(write_clip("drawn.mp4", frames), frames=6)
    (person,) = found.people
    assert len(person.times) == 6
    assert found.verdict == person.verdict
    assert np.ptp(person.probabilities) < 0.05
    assert found.detector == detector.name


def test_a_frame_of_a_clip_is_assessed_as_a_picture_is(tiny_detector, write_clip):
    """A face of 40 px: the picture is abstained, so the clip is, by the same reason."""
    picture = np.full((120, 160, 3), 120, np.uint8)
    picture[30:80, 50:100] = draw_face(3, 50)
    detector = Detector(tiny_detector)
    detector.settings = dataclasses.replace(detector.settings, real_threshold=0.0, fake_threshold=0.0)
    found = detector.predict_video(write_clip("small.mp4", [picture] * 3), frames=3)
    (face,) = detector.predict_image(picture).faces
    assert face.verdict == found.verdict == "uncertain"
    assert face.reasons[0] == found.reasons[0] == "face smaller than 48 px"


@pytest.mark.parametrize(("turns", "said"), [(0, None), (1, "lying on its side"), (2, "upside down")])
def test_a_real_clip_that_is_turned_gets_no_verdict(shared, tiny_detector, write_clip, turns, said):
    (source, *_) = sorted((shared / "data/ffpp-c23-videos").rglob("*.mp4"))
    frames = [np.rot90(frame.pixels, turns) for frame in read_frames(source, 3)]
    detector = Detector(tiny_detector, make_face_finder(shared / "pretrained/face_detection_yunet_2023mar.onnx"))
    detector.settings = dataclasses.replace(
        detector.settings, real_threshold=0.0, fake_threshold=0.0, novelty_limit=None
    )
    found = detector.predict_video(write_clip("clip.mp4", frames), 3)
    assert found.verdict == ("fake" if said is None else "uncertain")
    assert said is None or said in found.reasons


def test_every_real_clip_gets_a_verdict(shared, tiny_detector):
    """One of each kind, at four frames: the whole set is what `benchmarks/video.py` runs."""
    clips = sorted((shared / "data/ffpp-c23-videos").rglob("*.mp4"))[::6]
    assert len(clips) == 3
    detector = Detector(tiny_detector)
    for clip in clips:
        found = detector.predict_video(clip, frames=4)
        assert found.verdict != "no_face"
        assert found.frames_judged == 4
