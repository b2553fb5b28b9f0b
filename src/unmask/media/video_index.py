"""When the frames of a clip are shown, from the time stamps of its packets, and which of them to take."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from unmask.media.video_bytes import VideoRefusal, check_length


@dataclass(frozen=True)
class FrameIndex:
    """Sorted time stamps of all frames and of the key frames, and where the clip ends, in ticks.

    `seen_end` is the end of the last packet, `end` that which the header promises: a file that was cut
    short ends before it. Eight bytes a frame.
    """

    stamps: array[int]
    keys: array[int]
    seen_end: int
    end: int

    def key_before(self, stamp: int) -> int:
        """Return the key frame from which a frame has to be decoded; the first one where none is before it."""
        return self.keys[max(0, bisect_right(self.keys, stamp) - 1)]


def index_frames(packets: Iterable[tuple[int, int, bool]], promised: int) -> FrameIndex:
    """Return the index of packets: each its time stamp, its duration (0 if unknown) and if it is a key frame.

    `promised` is the clip's length as the header says it, 0 where it says nothing. Where no packet calls
    itself a key frame the first one is taken for it.

    Raises:
        VideoRefusal: There is no packet, or more than can be worked on.
    """
    stamps, keys, last_shown = array("q"), array("q"), (0, 0)
    for stamp, duration, is_key in packets:
        last_shown = max(last_shown, (stamp, duration)) if stamps else (stamp, duration)
        stamps.append(stamp)
        if is_key:
            keys.append(stamp)
        check_length(len(stamps), 0)
    if not stamps:
        raise VideoRefusal("it holds no frame. Try another copy of it.")
    stamps, keys = array("q", sorted(stamps)), array("q", sorted(keys))
    usual = (stamps[-1] - stamps[0]) // max(1, len(stamps) - 1)
    seen_end = last_shown[0] + max(1, last_shown[1] or usual)
    return FrameIndex(stamps, keys or stamps[:1], seen_end, max(seen_end, stamps[0] + promised))


def choose_stamps(index: FrameIndex, count: int) -> tuple[list[int], int]:
    """Return the stamps to take, rising and distinct, and how many more lie past what the file still has.

    The clip's time is cut into `count` equal parts, and the frame shown at the middle of each is taken.
    """
    start, length = index.stamps[0], index.end - index.stamps[0]
    middles = [start + length * (2 * part + 1) // (2 * count) for part in range(count)]
    shown = {index.stamps[bisect_right(index.stamps, middle) - 1] for middle in middles if middle < index.seen_end}
    return sorted(shown), sum(middle >= index.seen_end for middle in middles)
