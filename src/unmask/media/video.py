"""Videos: frames spread evenly over a clip, decoded one at a time, with their time stamps.

A clip is read twice: once for the time stamps of its packets, which costs no decoding and shows the true
frames of a clip whose header lies or whose frame rate varies, and once to decode. Only groups of pictures
that hold a wanted frame are decoded, each from its key frame on, so a long clip with many key frames costs
no more than a short one. Memory is that of one frame (and of eight bytes a packet).
"""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.sidedata.sidedata import SideData
from av.video.stream import VideoStream

from unmask.errors import UnreadableVideo
from unmask.media.image_bytes import one_line
from unmask.media.video_bytes import (
    MAX_PIXELS,
    VideoRefusal,
    check_frame_size,
    check_length,
    find_container,
    name_of,
)
from unmask.media.video_index import FrameIndex, PacketTime, choose_stamps, index_frames

_DECODERS = (
    "h264,hevc,vp8,vp9,libvpx,libvpx-vp9,av1,libdav1d,mpeg4,msmpeg4v2,msmpeg4,h263,mjpeg,mpeg1video,mpeg2video,prores"
)
_OPEN_OPTIONS = {
    "protocol_whitelist": "file",
    "codec_whitelist": _DECODERS,
    "max_pixels": str(MAX_PIXELS),
    "correct_ts_overflow": "0",  # FFmpeg takes another clip that begins earlier for a counter that ran over
}

JOINED_AT = Fraction(1, 2)
"""Seconds that times of decoding jump back by where another clip begins; in one clip they rise."""
JOINED_AHEAD = 10
"""Seconds that they jump on by there in MPEG-TS, which alone can be joined byte by byte."""


@dataclass(frozen=True)
class VideoFrame:
    """One frame: upright uint8 RGB pixels [H, W, 3], and its time in seconds from the clip's first frame."""

    time: float
    pixels: np.ndarray


class VideoFrames:
    """Up to `count` frames of a clip, spread evenly over its whole length, or all; iterate to decode them.

    `wanted` is how many there should be: `count`, or all frames of a shorter clip. `given` is how many were
    decoded so far; after the iteration `given < wanted` says that part of the clip is damaged or missing.
    """

    def __init__(
        self, path: str | os.PathLike[str], count: int | None, threads: int = 1, near_keys: bool = False
    ) -> None:
        """Read the clip's headers and time stamps; see `read_frames`."""
        if count is not None and count < 1:
            raise ValueError(f"{count} frames cannot be read. Ask for 1 or more.")
        self.path, self._threads = Path(path), threads
        self.given = 0
        with _reading(self.path), _open(self.path) as (container, stream):
            self.width, self.height = stream.codec_context.width, stream.codec_context.height
            times = (
                PacketTime(stamp, packet.duration or 0, packet.is_keyframe, not packet.is_discard)
                for stamp, packet in _packets(container, stream)
            )
            self._index = index_frames(times, _promised_ticks(container, stream))
            self.seconds = float((self._index.end - self._index.start) * _time_base(stream))
            check_length(len(self._index.stamps), self.seconds)
            if count is None:
                self._chosen, missing = sorted(set(self._index.stamps)), 0
            else:
                self._chosen, missing = choose_stamps(self._index, count, near_keys)
            if not self._chosen:  # the file ends before the middle of the first part
                raise VideoRefusal("next to nothing of it is there, by what its header says. Try another copy of it.")
        self.frame_count = len(self._index.stamps)
        self.wanted = len(self._chosen) + missing

    def __iter__(self) -> Iterator[VideoFrame]:
        self.given = 0
        with _reading(self.path), _open(self.path) as (container, stream):
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = self._threads
            first, tick = self._index.stamps[0], _time_base(stream)
            for frame in _decode(container, stream, self._index, self._chosen):
                check_frame_size(frame.width, frame.height)
                pixels = _upright(frame.to_ndarray(format="rgb24"), _matrix_of(frame))
                self.given += 1
                shown = self._index.time_of(_stamp_of(frame, first)) - self._index.start
                yield VideoFrame(float(shown * tick), pixels)
            if not self.given:
                raise VideoRefusal("no frame could be decoded. Try re-encoding it to H.264.")


def read_frames(
    path: str | os.PathLike[str], count: int | None = 32, threads: int = 1, near_keys: bool = False
) -> VideoFrames:
    """Return up to `count` frames spread evenly over the whole clip, to be decoded as they are taken.

    The clip's time is cut into `count` equal parts and the frame shown at the middle of each is taken; one
    that is shown for longer than a part is taken once. Frames that are damaged, and those that follow them
    up to the next key frame, are left out: what a decoder makes up there is no evidence. Frames are turned
    upright as the file says. MP4, MOV, MKV, WebM, AVI and MPEG-TS are read, with or without sound.

    Args:
        path: The clip.
        count: How many frames, 1 or more; None for all of them.
        threads: Threads of the decoder, 0 for one per core.
        near_keys: Of a clip whose parts are long, take each part's key frame next to its middle, where it has
            one. A clip of ten minutes is then read several times as fast.

    Raises:
        UnreadableVideo: The file is missing, no such video, too large or too long; or, from the iteration,
            not one frame could be decoded. The one-line message names the file without its folder.

    Example:
        >>> frames = read_frames("clip.mp4", count=8)  # doctest: +SKIP
        >>> [round(frame.time, 1) for frame in frames], f"{frames.given} of {frames.wanted}"  # doctest: +SKIP
        ([0.6, 1.9, 3.1, 4.4, 5.6, 6.9, 8.1, 9.4], '8 of 8')
    """
    return VideoFrames(path, count, threads, near_keys)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Turn whatever goes wrong with a clip into one line that names it."""
    try:
        yield
    except VideoRefusal as refusal:
        raise UnreadableVideo(f"Could not read {name_of(path)}: {refusal}") from refusal.__cause__
    except MemoryError as error:
        raise UnreadableVideo(f"Could not read {name_of(path)}: not enough memory. Scale it down.") from error
    except av.error.FFmpegError as error:
        reason = one_line(error.strerror or type(error).__name__)
        raise UnreadableVideo(
            f"Could not read {name_of(path)}: it is damaged or cut short ({reason}). Try another copy of it."
        ) from error


@contextmanager
def _open(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a clip with the reader of its own format and the known decoders alone; give its video stream."""
    kind = find_container(path)
    # An absolute path: FFmpeg takes a name like `concat:a|b` for an address.
    with av.open(str(path.resolve()), format=kind, options=_OPEN_OPTIONS, metadata_errors="replace") as container:
        streams = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
        if not streams:
            raise VideoRefusal("it has no video. Give a clip with pictures.")
        stream = max(streams, key=_pixels_of)  # the first of the largest: a small one is a preview
        if stream.codec_context is None or stream.codec_context.name not in _DECODERS.split(","):
            raise VideoRefusal("its codec is not one we decode. Re-encode it to H.264 and try again.")
        check_frame_size(stream.codec_context.width, stream.codec_context.height)
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}  # a frame may be larger than its header says
        yield container, stream


def _pixels_of(stream: VideoStream) -> int:
    return stream.codec_context.width * stream.codec_context.height if stream.codec_context else 0


def _time_base(stream: VideoStream) -> Fraction:
    if not stream.time_base:
        raise VideoRefusal("its time stamps have no unit. Re-encode it and try again.")
    return stream.time_base


def _packets(container: InputContainer, stream: VideoStream) -> Iterator[tuple[int, Packet]]:
    """Yield the stream's packets with the time of each, up to where the file ends or cannot be read on.

    Where times of decoding jump, another part begins, and it goes on where the one before ends: clips were joined as
    they were, as recordings of a camera are, or an MP4's edit list leaves out what lies between, or shows a part again.
    """
    stamp, shift, last = -1, 0, None
    least, most = _steps_within_a_part(container, stream)
    try:
        for packet in container.demux(stream):
            if not packet.size:
                continue
            if last is not None and packet.dts is not None and not least <= packet.dts + shift - last <= most:
                shift = last + max(1, packet.duration or 0) - packet.dts
            if shift:
                packet.pts, packet.dts = (time if time is None else time + shift for time in (packet.pts, packet.dts))
            last = packet.dts if packet.dts is not None else last
            stamp = _stamp_of(packet, stamp + 1)
            yield stamp, packet
    except av.error.FFmpegError:
        return  # what came before is good, and `wanted` tells that something is missing


def _steps_within_a_part(container: InputContainer, stream: VideoStream) -> tuple[float, float]:
    """Return the ticks from one time of decoding to the next, at least and at most, before it is another part's."""
    second = 1 / _time_base(stream)
    kinds = container.format.name.split(",")
    least = 0 if "mov" in kinds else -int(JOINED_AT * second)
    most = int(JOINED_AHEAD * second) if "mpegts" in kinds else math.inf
    return least, most


def _stamp_of(item: Packet | av.VideoFrame, default: int) -> int:
    """Return when a packet or frame is shown, in ticks; AVI has only the order of decoding."""
    stamp = item.pts if item.pts is not None else item.dts
    return default if stamp is None else stamp


def _promised_ticks(container: InputContainer, stream: VideoStream) -> int:
    """Return how long the header says that the video is, in ticks; 0 where it says nothing.

    The container's own length counts only where there is nothing but video: sound may be longer. Matroska's counts
    from zero, also where the clip begins later. MPEG-TS promises nothing: FFmpeg makes a length of its first and last
    time, which joined clips count from different starts.
    """
    if container.format.name == "mpegts":
        return 0
    if stream.duration:
        return stream.duration
    if container.duration and len(container.streams) == 1:
        length = container.duration - max(0, container.start_time or 0)
        return int(Fraction(length, av.time_base) / _time_base(stream))
    return 0


def _decode(
    container: InputContainer, stream: VideoStream, index: FrameIndex, chosen: list[int]
) -> Iterator[av.VideoFrame]:
    """Yield the frames at the chosen stamps; for a damaged one the first good one before the next stamp."""
    wanted = deque(chosen)
    for frame in _good_frames(container, stream, index, wanted):
        stamp = _stamp_of(frame, wanted[0])
        while len(wanted) > 1 and stamp >= wanted[1]:
            wanted.popleft()
        if stamp >= wanted[0]:
            yield frame
            wanted.popleft()
            if not wanted:
                return


def _good_frames(
    container: InputContainer, stream: VideoStream, index: FrameIndex, wanted: deque[int]
) -> Iterator[av.VideoFrame]:
    """Yield undamaged frames, decoding from the last key frame before the first of `wanted` on.

    `wanted` shrinks while this runs; packets up to the key frame that its first stamp needs are passed over.
    """
    codec, trusted = stream.codec_context, True
    fed: int | None = None  # the last key frame that the decoder was given; None while passing over
    for stamp, packet in _packets(container, stream):
        needed = index.key_before(wanted[0])
        if fed is not None and needed > fed:
            codec.flush_buffers()
            fed, trusted = None, True
        if stamp >= needed and (packet.is_keyframe or stamp == needed):
            fed = stamp
        if fed is None:
            continue
        try:
            frames = codec.decode(packet)
        except av.error.FFmpegError:
            trusted = False
            continue
        for frame in frames:
            trusted = not frame.is_corrupt and (trusted or frame.key_frame)
            if trusted:
                yield frame
    with suppress(av.error.FFmpegError):
        yield from (frame for frame in codec.decode(None) if trusted and not frame.is_corrupt)


def _matrix_of(frame: av.VideoFrame) -> np.ndarray:
    """Return the signs and sizes by which a frame's points (x, y) are turned and mirrored for show, [2, 2]."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(data, SideData):
        return np.eye(2)
    return np.frombuffer(bytes(data), dtype=np.int32).reshape(3, 3)[:2, :2].astype(float)


def _upright(pixels: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Return pixels turned and mirrored as a display matrix says, in steps of 90 degrees.

    A shown point is (x, y) times the matrix, as in the MP4 standard (ISO/IEC 14496-12, track header).
    """
    if np.abs(matrix.diagonal()).sum() < np.abs(matrix).sum() / 2:  # rows are shown as columns
        pixels, matrix = pixels.transpose(1, 0, 2), matrix[::-1]
    (right, _), (_, down) = matrix
    return np.ascontiguousarray(pixels[:: -1 if down < 0 else 1, :: -1 if right < 0 else 1])
