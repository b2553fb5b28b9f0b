"""People are told apart by place, size and look, also where they cross, leave, or stand still for long."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.media.drawing import draw_face
from unmask.media.faces import make_face_finder
from unmask.media.tracks import Tracker, look_of
from unmask.media.video import read_frames
from unmask.preprocessing import crop_face
from unmask.schema import Box

DARK, LIGHT = (np.array([level], np.float32) for level in (0.3, 0.7))


def face_at(x, y=100, side=60):
    return Box(x, y, x + side, y + side)


def follow(*frames, step=0.3):
    """Return the numbers of every frame; each frame is a list of (box, look)."""
    tracker = Tracker()
    return [
        tracker.follow(number * step, [box for box, _ in faces], [look for _, look in faces])
        for number, faces in enumerate(frames)
    ]


@pytest.mark.parametrize(
    ("frames", "numbers"),
    [
        # one who stands still
        ([[(face_at(0), DARK)], [(face_at(0), DARK)]], [[0], [0]]),
        # one who moves by a face's side between two frames, with no overlap left
        ([[(face_at(0), DARK)], [(face_at(61), DARK)]], [[0], [0]]),
        # one who is not found in a frame
        ([[(face_at(0), DARK)], [], [(face_at(20), DARK)]], [[0], [], [0]]),
        # two who are listed the other way round
        (
            [[(face_at(0), DARK), (face_at(300), LIGHT)], [(face_at(310), LIGHT), (face_at(5), DARK)]],
            [[0, 1], [1, 0]],
        ),
        # somebody who joins
        ([[(face_at(0), DARK)], [(face_at(400), LIGHT), (face_at(5), DARK)]], [[0], [1, 0]]),
        # a cut to somebody else in the same place
        ([[(face_at(0), DARK)], [(face_at(0), LIGHT)]], [[0], [1]]),
        # a cut away and back, the person now somewhere else
        ([[(face_at(0), DARK)], [(face_at(300), LIGHT)], [(face_at(600), DARK)]], [[0], [1], [0]]),
        # two who look alike far apart: each keeps to the own place
        (
            [[(face_at(0), DARK), (face_at(900), DARK)], [(face_at(890), DARK), (face_at(9), DARK)]],
            [[0, 1], [1, 0]],
        ),
        # a face five times as large in the same place is somebody else, if it looks a little different
        ([[(face_at(0), DARK)], [(Box(-120, -20, 180, 280), DARK + 0.15)]], [[0], [1]]),
    ],
)
def test_faces_find_their_people(frames, numbers):
    assert follow(*frames) == numbers


def test_two_who_cross_keep_their_numbers_by_how_they_move_where_they_look_the_same():
    ways = [(40 * n, 400 - 40 * n) for n in range(11)]  # they pass at 200, where both boxes are one
    frames = [[(face_at(left, 100), DARK), (face_at(right, 130), DARK)] for left, right in ways]
    assert follow(*frames) == [[0, 1]] * 11


def test_two_who_cross_behind_each_other_are_told_apart_by_look():
    ways = [(60 * n, 480 - 60 * n) for n in range(9)]
    frames = [[(face_at(left), DARK), (face_at(right), LIGHT)] for left, right in ways]
    frames[4] = frames[4][:1]  # one hides the other
    assert follow(*frames) == [[0, 1]] * 4 + [[0]] + [[0, 1]] * 4


def test_no_more_people_than_allowed_are_followed():
    tracker = Tracker(most=2)
    boxes = [face_at(x) for x in (0, 300, 600)]
    assert tracker.follow(0, boxes, [DARK, LIGHT, DARK]) == [0, 1, None]
    assert tracker.follow(1, boxes, [DARK, LIGHT, DARK])[:2] == [0, 1]


LEVELS = [np.array([level], np.float32) for level in (0, 0.3, 0.6, 0.9)]


@pytest.mark.parametrize(
    ("order", "gone"),
    [
        ([0, 0, 1, 2], 1),  # one of two was seen more often
        ([0, 1, 2], 0),  # both once: the one unseen for longer
        ([0, 0, 1, 1, 0, 2], 1),  # the more frames count, also of one who went first
    ],
)
def test_whoever_was_seen_least_makes_room_for_a_new_person(order, gone):
    tracker = Tracker(most=2)
    numbers = [tracker.follow(time, [face_at(0)], [LEVELS[who]])[0] for time, who in enumerate(order)]
    assert (numbers, tracker.met) == (order, 3)
    assert [number for number in range(3) if not tracker.follows(number)] == [gone]
    assert tracker.follow(len(order), [face_at(0)], [LEVELS[gone]]) == [3]  # somebody new by now


boxes = st.builds(
    lambda left, top, side: Box(left, top, left + side, top + side),
    st.integers(0, 1900), st.integers(0, 1000), st.integers(8, 400),
)  # fmt: skip
looks = st.floats(0, 1).map(lambda level: np.array([level], np.float32))
crowds = st.lists(st.lists(st.tuples(boxes, looks), max_size=6), max_size=8)


@given(crowds)
def test_no_two_faces_of_a_frame_are_one_person_and_numbers_count_up(frames):
    met = -1
    for numbers in follow(*frames):
        assert len(set(numbers)) == len(numbers)
        for number in numbers:
            assert number <= met + len(numbers)
        met = max([met, *numbers])
    assert met < sum(map(len, frames))


@given(st.lists(st.tuples(boxes, looks), min_size=1, max_size=6), st.randoms())
def test_the_order_in_which_faces_are_listed_does_not_matter(faces, random):
    """Shown again unmoved, each face is its own person, whatever the order."""
    distinct = [(Box(2500 * n + box.left, box.top, 2500 * n + box.right, box.bottom), look)
                for n, (box, look) in enumerate(faces)]  # fmt: skip
    order = list(range(len(distinct)))
    random.shuffle(order)
    first, second = follow(distinct, [distinct[place] for place in order])
    assert second == [first[place] for place in order]


@given(boxes, st.integers(1, 5))
def test_the_same_motion_on_a_larger_picture_gives_the_same_people(box, factor):
    def way(scale):
        moved = [Box(*(scale * (edge + 20 * n) for edge in box.as_list())) for n in range(4)]
        return follow(*[[(each, DARK)] for each in moved])

    assert way(1) == way(factor)


def test_a_look_is_small_and_takes_in_what_is_round_the_face():
    image = draw_face(0, 100)
    inner = look_of(image, Box(25, 25, 75, 75))
    assert (inner.shape, inner.dtype) == ((408,), np.float32)
    image[:20] = 0  # above the box, inside its margin
    assert not np.allclose(inner, look_of(image, Box(25, 25, 75, 75)))


@pytest.mark.parametrize(
    "box",
    [
        Box(0, 0, 8, 8),  # in a corner
        Box(-20, -20, 30, 30),  # partly outside
        Box(92, 92, 100, 100),  # in the other corner
        Box(0, 0, 100, 100),  # all of it
    ],
)
def test_a_look_never_leaves_the_picture(box):
    assert look_of(draw_face(0, 100), box).max() <= 1


@pytest.fixture(scope="module")
def close_ups(shared):
    """Six real people, each in eight frames in which the face fills the picture alike."""
    finder = make_face_finder(shared / "pretrained/face_detection_yunet_2023mar.onnx")
    people = []
    for clip in sorted((shared / "data/ffpp-c23-videos/original_sequences").rglob("*.mp4")):
        frames = [frame.pixels for frame in read_frames(clip, 8)]
        crops = [crop_face(pixels, finder.find_faces(pixels)[0].box, 0.5) for pixels in frames]
        scaled = [cv2.resize(crop, (300, 300), interpolation=cv2.INTER_AREA) for crop in crops]
        people.append([(finder.find_faces(crop)[0].box, crop) for crop in scaled])
    return [[(box, look_of(crop, box)) for box, crop in person] for person in people]


def test_most_cuts_between_real_people_who_are_framed_alike_start_a_new_person(close_ups):
    cuts = [(*before[:4], *after[4:]) for before, after in itertools.permutations(close_ups, 2)]
    numbers = [follow(*([face] for face in cut)) for cut in cuts]
    assert numbers.count([[0]] * 4 + [[1]] * 4) >= len(cuts) - 2  # levels alone miss ten of 30


def test_a_real_person_stays_one_over_frames_that_lie_far_apart(close_ups):
    for person in close_ups:
        assert follow(*([face] for face in person), step=1.5) == [[0]] * 8
