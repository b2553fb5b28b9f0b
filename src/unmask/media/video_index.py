"""When the frames of a clip are shown, from the time stamps of its packets, and which of them to take."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from unmask.media.video_bytes import VideoRefusal, check_length

LONG_PART = 30
"""Frames in a part from which on it pays to take its key frame: decoding up to its middle costs half as many."""


class PacketTime(NamedTuple):
    """When a packet's frame is shown, for how long (0 if unknown), in ticks; and if it is a key frame.

    A frame that the clip was cut by without encoding it anew is in the file and not shown: those after the cut are
    decoded from it on, and shown as if it were not there.
    """

    stamp: int
    duration: int
    is_key: bool
    is_shown: bool = True


@dataclass(frozen=True)
class FrameIndex:
    """Sorted time stamps of all frames shown, of all key frames, and where the clip ends, in ticks.

    `times` are the frames' stamps less the time that frames in between would take which are not shown.
    `seen_end` is the end of the last packet, `end` that which the header promises: a file that was cut
    short ends before it. Both count as `times` do. Eight bytes a frame, or sixteen where the middle was cut.
    """

    stamps: array[int]
    times: array[int]
    keys: array[int]
    seen_end: int
    end: int

    @property
    def start(self) -> int:
        return self.times[0]

    @property
    def promised_frames(self) -> int:
        """How many frames there are, with those that the file no longer has, at the rate of those that it has."""
        return round(len(self.stamps) * Fraction(self.end - self.start, self.seen_end - self.start))

    def shows(self, stamp: int) -> bool:
        """Return whether a frame of that stamp is shown."""
        place = bisect_left(self.stamps, stamp)
        return place < len(self.stamps) and self.stamps[place] == stamp

    def time_of(self, stamp: int) -> int:
        """Return when the frame of a stamp is shown."""
        place = max(0, bisect_right(self.stamps, stamp) - 1)
        return self.times[place] + stamp - self.stamps[place]

    def key_before(self, stamp: int) -> int:
        """Return the key frame from which a frame has to be decoded; the first one where none is before it."""
        return self.keys[max(0, bisect_right(self.keys, stamp) - 1)]


def index_frames(packets: Iterable[PacketTime], promised: int) -> FrameIndex:
    """Return the index of a clip's packets.

    `promised` is the clip's length as the header says it, 0 where it says nothing. Where no packet calls
    itself a key frame the first one is taken for it.

    Raises:
        VideoRefusal: There is no frame to show, or more than can be worked on.
    """
    stamps, hidden, keys, last_shown = array("q"), array("q"), array("q"), (0, 0)
    for number, (stamp, duration, is_key, is_shown) in enumerate(packets, start=1):
        if is_shown:
            last_shown = max(last_shown, (stamp, duration)) if stamps else (stamp, duration)
        (stamps if is_shown else hidden).append(stamp)
        if is_key:
            keys.append(stamp)
        check_length(number, 0)
    if not stamps:
        raise VideoRefusal("it holds no frame. Try another copy of it.")
    stamps, hidden, keys = (array("q", sorted(each)) for each in (stamps, hidden, keys))
    times = _without_hidden(stamps, hidden) if hidden else stamps
    usual = (times[-1] - times[0]) // max(1, len(times) - 1)
    seen_end = times[-1] + max(1, last_shown[1] or usual)
    return FrameIndex(stamps, times, keys or stamps[:1], seen_end, max(seen_end, times[0] + promised))


def _without_hidden(stamps: array[int], hidden: array[int]) -> array[int]:
    """Return when frames are shown of which each stays on up to the next one in the file, shown or hidden."""
    times = stamps[:1]
    for stamp, after in pairwise(stamps):
        place = bisect_right(hidden, stamp)
        ends = min(after, hidden[place]) if place < len(hidden) else after
        times.append(times[-1] + ends - stamp)
    return times


def choose_stamps(index: FrameIndex, count: int, near_keys: bool = False) -> tuple[list[int], int]:
    """Return the stamps to take, rising and distinct, and how many more lie past what the file still has.

    The clip's time is cut into `count` equal parts, and the frame shown at the middle of each is taken. With
    `near_keys`, in a clip whose parts are long, it is the part's key frame next to its middle where it has one:
    to decode that takes no other frame. A clip of no more frames than `count` is taken whole.
    """
    if index.promised_frames <= count:
        return sorted(set(index.stamps)), index.promised_frames - len(index.stamps)
    snap = near_keys and len(index.stamps) > LONG_PART * count
    shown, seen = set(), 0
    for start, middle, end in _parts(index, count):
        if middle >= index.seen_end:
            break
        shown.add(_shown(index, start, middle, end, snap))
        seen += 1
    return sorted(shown), count - seen


def _parts(index: FrameIndex, count: int) -> Iterator[tuple[int, int, int]]:
    """Yield start, middle and end of `count` equal parts of the clip's time."""
    length = index.end - index.start
    for half in range(0, 2 * count, 2):
        start, middle, end = (index.start + length * (half + edge) // (2 * count) for edge in range(3))
        yield start, middle, end


def _shown(index: FrameIndex, start: int, middle: int, end: int, snap: bool) -> int:
    """Return the stamp to take of a part."""
    inside = index.stamps[bisect_left(index.times, start) : bisect_left(index.times, end)] if snap else ()
    if inside:
        keys = index.keys[bisect_left(index.keys, inside[0]) : bisect_right(index.keys, inside[-1])]
        if shown := [key for key in keys if index.shows(key)]:
            return min(shown, key=lambda key: abs(index.time_of(key) - middle))
    return index.stamps[bisect_right(index.times, middle) - 1]
