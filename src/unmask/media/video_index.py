"""When the frames of a clip are shown, from the time stamps of its packets, and which of them to take."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from unmask.media.video_bytes import VideoRefusal, check_length

LONG_PART = 30
"""Frames in a part from which on it pays to take its key frame: decoding up to its middle costs half as many."""


class PacketTime(NamedTuple):
    """When a packet's frame is shown, for how long (0 if unknown), in ticks; and if it is a key frame.

    A frame that the clip was trimmed by without encoding it anew is in the file and not shown: those after the trim are
    decoded from it on.
    """

    stamp: int
    duration: int
    is_key: bool
    is_shown: bool = True


@dataclass(frozen=True)
class FrameIndex:
    """Sorted time stamps of all frames shown, of all key frames, and where the clip ends, in ticks.

    `seen_end` is the end of the last packet, `end` that which the header promises: a file that was cut
    short ends before it. Eight bytes a frame.
    """

    stamps: array[int]
    keys: array[int]
    seen_end: int
    end: int

    def shows(self, stamp: int) -> bool:
        """Return whether a frame of that time stamp is shown."""
        place = bisect_left(self.stamps, stamp)
        return place < len(self.stamps) and self.stamps[place] == stamp

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
    stamps, keys, last_shown = array("q"), array("q"), (0, 0)
    for number, (stamp, duration, is_key, is_shown) in enumerate(packets, start=1):
        if is_shown:
            last_shown = max(last_shown, (stamp, duration)) if stamps else (stamp, duration)
            stamps.append(stamp)
        if is_key:
            keys.append(stamp)
        check_length(number, 0)
    if not stamps:
        raise VideoRefusal("it holds no frame. Try another copy of it.")
    stamps, keys = array("q", sorted(stamps)), array("q", sorted(keys))
    usual = (stamps[-1] - stamps[0]) // max(1, len(stamps) - 1)
    seen_end = last_shown[0] + max(1, last_shown[1] or usual)
    return FrameIndex(stamps, keys or stamps[:1], seen_end, max(seen_end, stamps[0] + promised))


def choose_stamps(index: FrameIndex, count: int, near_keys: bool = False) -> tuple[list[int], int]:
    """Return the stamps to take, rising and distinct, and how many more lie past what the file still has.

    The clip's time is cut into `count` equal parts, and the frame shown at the middle of each is taken. With
    `near_keys`, in a clip whose parts are long, it is the part's key frame next to its middle where it has one:
    to decode that takes no other frame. A clip of no more frames than `count` is taken whole.
    """
    if len(index.stamps) <= count and index.end == index.seen_end:
        return sorted(set(index.stamps)), 0
    start, length = index.stamps[0], index.end - index.stamps[0]
    edges = [start + length * half // (2 * count) for half in range(2 * count + 1)]
    parts = [edges[place : place + 3] for place in range(0, 2 * count, 2)]
    snap = near_keys and len(index.stamps) > LONG_PART * count
    shown = {_shown(index, part, snap) for part in parts if part[1] < index.seen_end}
    return sorted(shown), sum(middle >= index.seen_end for _, middle, _ in parts)


def _shown(index: FrameIndex, part: list[int], snap: bool) -> int:
    """Return the stamp to take of a part, given its start, middle and end."""
    start, middle, end = part
    if snap:
        inside = index.keys[bisect_left(index.keys, start) : bisect_left(index.keys, end)]
        if keys := [key for key in inside if index.shows(key)]:
            return min(keys, key=lambda key: abs(key - middle))
    return index.stamps[bisect_right(index.stamps, middle) - 1]
