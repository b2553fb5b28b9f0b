"""Which frames are taken: rising, distinct, and one part of the clip's time from each other."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.media.video_bytes import VideoRefusal
from unmask.media.video_index import LONG_PART, PacketTime, choose_stamps, index_frames

TIMES = st.builds(PacketTime, st.integers(-1000, 10**12), st.integers(0, 10**6), st.booleans(), st.booleans())
PACKETS = st.lists(TIMES, min_size=1, max_size=60).filter(lambda times: any(time.is_shown for time in times))


@given(PACKETS, st.integers(0, 10**13), st.integers(1, 80))
def test_whatever_packets_say_the_choice_is_of_their_stamps_rising_and_bounded(packets, promised, count):
    index = index_frames(packets, promised)
    chosen, missing = choose_stamps(index, count)
    assert chosen == sorted(set(chosen))
    assert set(chosen) <= {time.stamp for time in packets if time.is_shown}
    assert len(chosen) + missing <= count
    assert chosen or missing
    assert all(index.key_before(stamp) in index.keys for stamp in chosen)
    near, _ = choose_stamps(index, count, near_keys=True)
    assert all(index.shows(stamp) for stamp in near)


@given(st.integers(1, 400), st.integers(1, 60), st.integers(1, 1001))
def test_at_a_steady_rate_as_many_are_taken_as_asked_or_there(frames, count, tick):
    packets = [PacketTime(n * tick, tick, n % 12 == 0) for n in range(frames)]
    chosen, missing = choose_stamps(index_frames(packets, frames * tick), count)
    assert (len(chosen), missing) == (min(frames, count), 0)
    steps = {b - a for a, b in pairwise(chosen)}
    assert not steps or max(steps) - min(steps) <= tick


@pytest.mark.parametrize("count", [6, 32, 10**9])
def test_a_clip_of_no_more_frames_than_asked_is_taken_whole_at_any_rate(count):
    stamps = [0, 10, 20, 30, 9000, 20000]  # a burst, then long stills
    index = index_frames([PacketTime(stamp, 40, stamp == 0) for stamp in stamps], promised=20040)
    assert choose_stamps(index, count) == (stamps, 0)


@given(st.integers(1, 4000), st.integers(1, 60), st.integers(1, 300), st.integers(1, 1001))
def test_key_frames_are_taken_of_their_own_parts_where_parts_are_long(frames, count, gap, tick):
    index = index_frames([PacketTime(n * tick, tick, n % gap == 0) for n in range(frames)], frames * tick)
    plain, _ = choose_stamps(index, count)
    chosen, missing = choose_stamps(index, count, near_keys=True)
    assert (len(chosen), missing) == (len(plain), 0)
    if frames <= LONG_PART * count:
        assert chosen == plain
        return
    length = frames * tick / count
    for part, stamp in enumerate(chosen):
        assert part * length - 1 <= stamp <= (part + 1) * length
        assert stamp in index.keys or not any(part * length + 1 <= key <= (part + 1) * length - 1 for key in index.keys)


def test_half_of_the_promised_time_gives_half_of_the_frames():
    index = index_frames([PacketTime(n, 1, n == 0) for n in range(50)], promised=100)
    chosen, missing = choose_stamps(index, 10)
    assert (chosen, missing) == ([5, 15, 25, 35, 45], 5)


@pytest.mark.parametrize("count", [100, 1000, 10**12])  # all there were, more, and more than fits into any memory
def test_where_all_that_is_left_is_taken_what_is_missing_is_counted_in_frames(count):
    index = index_frames([PacketTime(40 * n, 40, n == 0) for n in range(90)], promised=4000)
    assert choose_stamps(index, count) == ([40 * n for n in range(90)], 10)


def test_a_promise_beyond_all_measure_takes_no_memory():
    index = index_frames([PacketTime(n, 1, n == 0) for n in range(90)], promised=10**17)
    assert choose_stamps(index, 10**15)[1] > 10**14


def test_parts_are_of_the_time_in_which_frames_are_shown():
    """The middle third was cut out: the last frames stand at 30 to 39 in the file, and follow the first ten."""
    index = index_frames([PacketTime(stamp, 1, True, not 10 <= stamp < 30) for stamp in range(40)], promised=20)
    assert choose_stamps(index, 4) == ([2, 7, 32, 37], 0)
    assert [index.time_of(stamp) for stamp in (0, 9, 30, 39)] == [0, 9, 10, 19]
    assert (index.start, index.end) == (0, 20)


def test_frames_out_of_order_are_needed_from_the_key_frame_before_them():
    stamps = (0, 3, 1, 6, 4)
    index = index_frames([PacketTime(stamp, 1, stamp in (0, 6)) for stamp in stamps], 0)
    assert [index.key_before(stamp) for stamp in (0, 1, 4, 6)] == [0, 0, 0, 6]


def test_no_packet_is_a_refusal():
    with pytest.raises(VideoRefusal, match="holds no frame"):
        index_frames([], 0)


def test_frames_that_are_not_shown_are_decoded_from():
    """Of a trimmed clip the key frame lies before the first frame that is shown."""
    times = [PacketTime(stamp, 1, stamp == -3, stamp >= 0) for stamp in range(-3, 20)]
    index = index_frames(times, 0)
    assert (index.stamps[0], index.key_before(0)) == (0, -3)
