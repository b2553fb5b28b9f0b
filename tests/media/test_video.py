"""Clips that the tests write by PyAV: what is read, when, which way up, and what damage costs."""

from __future__ import annotations

import struct
import threading
import tracemalloc

import av
import numpy as np
import pytest

from unmask.errors import UnreadableVideo
from unmask.media import video_bytes
from unmask.media.video import read_frames


def numbers(frames):
    """Return the number that each frame of a `numbered` clip carries as its brightness."""
    return [round(float(frame.pixels.mean()) / 8) for frame in frames]


def numbered(count):
    return [np.full((48, 64, 3), 8 * (n % 32), np.uint8) for n in range(count)]


def shares(path):
    return f"{path.given} of {path.wanted}"


def test_frames_are_spread_over_the_whole_clip_with_their_times(write_clip):
    frames = read_frames(write_clip("clip.mp4", numbered(30), rate=10), count=5)
    read = list(frames)
    assert numbers(read) == [3, 9, 15, 21, 27]
    assert [frame.time for frame in read] == pytest.approx([0.3, 0.9, 1.5, 2.1, 2.7])
    assert (frames.given, frames.wanted, frames.frame_count) == (5, 5, 30)
    assert frames.seconds == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("clip.mp4", "libx264"),  # the usual phone and web clip
        ("clip.mov", "libx265"),  # an iPhone's
        ("clip.mkv", "libx264"),  # a recorder's
        ("clip.webm", "libvpx-vp9"),  # a browser's
        ("clip.avi", "mpeg4"),  # an old data set's: no time stamps but the order
        ("clip.ts", "libx264"),  # a broadcast: times start anywhere
        ("clip.avi", "mjpeg"),  # key frames only
    ],
)
def test_every_container_gives_the_same_frames(write_clip, name, codec):
    read = list(read_frames(write_clip(name, numbered(24), rate=12, codec=codec), count=4))
    assert numbers(read) == [3, 9, 15, 21]
    assert [frame.time for frame in read] == pytest.approx([0.25, 0.75, 1.25, 1.75], abs=0.002)


@pytest.mark.parametrize("gap", [1, 5, 250])  # key frames only, short groups, one group
def test_passing_over_groups_gives_what_decoding_all_gives(write_clip, gap):
    clip = write_clip("clip.mp4", numbered(31), gop=gap)
    whole = {round(frame.time, 3): frame.pixels for frame in read_frames(clip, count=31)}
    assert len(whole) == 31
    for frame in read_frames(clip, count=4):
        assert np.array_equal(frame.pixels, whole[round(frame.time, 3)])


def test_a_varying_frame_rate_is_spread_by_time_not_by_number(write_clip):
    """Twenty frames in the first second, then ten in ten seconds: time decides."""
    stamps = [n * 50 for n in range(20)] + [1000 + n * 1000 for n in range(10)]
    read = list(read_frames(write_clip("clip.mkv", numbered(30), stamps=stamps), count=5))
    assert [frame.time for frame in read] == pytest.approx([1, 3, 5, 7, 9], abs=0.01)
    assert numbers(read) == [20, 22, 24, 26, 28]


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.webm", "clip.ts"])
def test_a_clip_that_begins_late_lacks_nothing(write_clip, name):
    """One that was cut out of a longer clip with its times kept: Matroska's length counts from zero."""
    codec = "libvpx" if name.endswith("webm") else "libx264"
    frames = read_frames(write_clip(name, numbered(20), codec=codec, stamps=[9000 + 100 * n for n in range(20)]), 5)
    assert [frame.time for frame in frames] == pytest.approx([0.2, 0.6, 1, 1.4, 1.8], abs=0.11)
    assert shares(frames) == "5 of 5"
    assert frames.seconds == pytest.approx(2, abs=0.11)


@pytest.mark.parametrize(
    ("count", "asked", "given"),
    [
        (1, 32, 1),  # a still saved as a clip
        (3, 32, 3),  # shorter than asked: each frame once
        (33, 32, 32),  # one more than asked
        (2000, 32, 32),  # over a minute
    ],
)
def test_short_and_long_clips_give_each_frame_once_at_most(write_clip, count, asked, given):
    frames = read_frames(write_clip("clip.mp4", numbered(count)), asked)
    times = [frame.time for frame in frames]
    assert len(set(times)) == frames.given == frames.wanted == given
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("degrees", "mirrored", "corner"),
    [
        *(
            (0, False, (0, 0)),
            (90, False, (0, -1)),
            (180, False, (-1, -1)),
            (270, False, (-1, 0)),
        ),  # as phones write it
        *((0, True, (0, -1)), (90, True, (-1, -1)), (180, True, (-1, 0)), (270, True, (0, 0))),  # as some for a selfie
    ],
)
def test_a_display_matrix_turns_frames_upright(write_clip, degrees, mirrored, corner):
    """By steps of 90 degrees clockwise, after mirroring."""
    picture = np.zeros((48, 64, 3), np.uint8)
    picture[:16, :16] = 255  # the corner that is top left as stored
    pixels = next(
        iter(read_frames(write_clip("clip.mp4", [picture] * 4, rotation=degrees, mirrored=mirrored), 1))
    ).pixels
    assert pixels.shape == ((48, 64, 3) if degrees % 180 == 0 else (64, 48, 3))
    assert pixels[corner].mean() > 200
    assert pixels.mean() < 60


@pytest.mark.parametrize("gap", [5, 30])  # the trim lies in the third group; in the only one
def test_a_clip_trimmed_without_encoding_shows_what_players_show(write_clip, tmp_path, gap):
    """Phones and `ffmpeg -ss 1.2 -c copy` keep the frames that the first one shown is decoded from."""
    trimmed = earlier(write_clip("clip.mp4", numbered(30), rate=10, gop=gap), tmp_path / "trimmed.mp4", 1.2)
    frames = read_frames(trimmed, 4)
    read = list(frames)
    assert numbers(read) == [14, 18, 23, 27]
    assert [frame.time for frame in read] == pytest.approx([0.2, 0.6, 1.1, 1.5])
    assert (shares(frames), frames.frame_count, frames.seconds) == ("4 of 4", 18, pytest.approx(1.8))
    assert numbers(read_frames(trimmed, None)) == list(range(12, 30))


def earlier(clip, output, seconds):
    """Write a clip with all its times earlier; an MP4's edit list then leaves out its first seconds, and no packet."""
    with av.open(clip) as read, av.open(output, "w", options={"avoid_negative_ts": "disabled"}) as written:
        stream = read.streams.video[0]
        copy = written.add_stream_from_template(stream)
        for packet in read.demux(stream):
            if packet.dts is not None:
                packet.pts -= round(seconds / stream.time_base)
                packet.dts -= round(seconds / stream.time_base)
                packet.stream = copy
                written.mux(packet)
    return output


@pytest.mark.parametrize("gap", [5, 30])  # the cut begins with a group; lies in the only one
@pytest.mark.parametrize(
    ("parts", "given"),
    [
        ([(0, 1), (2, 1)], [2, 7, 22, 27]),  # the middle cut out
        ([(2, 1), (0, 1)], [22, 27, 2, 7]),  # the last part moved to the front
        ([(1, 1), (1, 1)], [12, 17, 12, 17]),  # a part shown twice
    ],
)
def test_a_clip_cut_without_encoding_shows_what_players_show(write_clip, gap, parts, given):
    frames = read_frames(edited(write_clip("clip.mp4", numbered(30), rate=10, gop=gap), parts), 4)
    read = list(frames)
    assert numbers(read) == given
    assert [frame.time for frame in read] == pytest.approx([0.2, 0.7, 1.2, 1.7])
    assert (shares(frames), frames.frame_count, frames.seconds) == ("4 of 4", 20, pytest.approx(2, abs=0.11))


def edited(clip, parts):
    """Write into an MP4's edit list which parts of it are shown, by their starts and lengths in seconds."""
    data = bytearray(clip.read_bytes())
    start = data.rindex(b"edts") - 4
    (size,), (delay,) = struct.unpack_from(">I", data, start), struct.unpack_from(">i", data, start + 28)
    (second,) = struct.unpack_from(">I", data, data.rindex(b"mdhd") + 16)
    edits = [struct.pack(">IiI", 1000 * length, delay + begin * second, 1 << 16) for begin, length in parts]
    new = struct.pack(">I4sI4sII", 24 + 12 * len(edits), b"edts", 16 + 12 * len(edits), b"elst", 0, len(edits))
    data[start : start + size] = new + b"".join(edits)
    for box in (b"moov", b"trak"):
        (before,) = struct.unpack_from(">I", data, data.rindex(box) - 4)
        struct.pack_into(">I", data, data.rindex(box) - 4, before + 24 + 12 * len(edits) - size)
    clip.write_bytes(data)
    return clip


@pytest.mark.parametrize(
    "begin",
    [
        (0, 0),  # times begin anew
        (3600, 0),  # an hour earlier
        (0, 3600),  # an hour later
        (0, 13 * 3600),  # more than a clip may last
    ],
)
def test_joined_clips_are_read_one_after_the_other(write_clip, tmp_path, begin):
    """`cat a.ts b.ts`: times jump in the middle of the file."""
    parts = [
        earlier(write_clip(f"{n}.ts", numbered(32)[16 * n : 16 * n + 16], rate=8), tmp_path / f"moved{n}.ts", -begin[n])
        for n in (0, 1)
    ]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    frames = read_frames(joined, 8)
    read = list(frames)
    assert numbers(read) == [2, 6, 10, 14, 18, 22, 26, 30]
    assert [frame.time for frame in read] == pytest.approx([0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75], abs=0.13)
    assert (shares(frames), frames.frame_count, frames.seconds) == ("8 of 8", 32, pytest.approx(4, abs=0.26))


def test_a_pause_in_another_container_is_part_of_the_clip(write_clip):
    """Only MPEG-TS is joined byte by byte; a slide may stand for a minute."""
    frames = read_frames(write_clip("clip.mkv", numbered(4), stamps=[0, 1000, 61_000, 62_000]), 4)
    assert [frame.time for frame in frames] == [0, 1, 61, 62]


def test_of_several_pictures_at_once_the_largest_is_read(tmp_path):
    """A recorder's preview comes before the picture."""
    clip = tmp_path / "two.mkv"
    with av.open(clip, "w") as out:
        streams = [out.add_stream("libx264", rate=5) for _ in range(3)]
        for stream, side in zip(streams, (16, 64, 32), strict=True):
            stream.width = stream.height = side
        for stream in streams:
            frame = av.VideoFrame.from_ndarray(np.zeros((stream.height, stream.width, 3), np.uint8), format="rgb24")
            out.mux([*stream.encode(frame), *stream.encode(None)])
    (frame,) = read_frames(clip, 1)
    assert frame.pixels.shape == (64, 64, 3)


def test_sound_is_looked_past(write_clip):
    frames = read_frames(write_clip("clip.mp4", numbered(10), rate=10, sound=True), 5)
    assert numbers(frames) == [1, 3, 5, 7, 9]
    assert shares(frames) == "5 of 5"


def test_a_clip_cut_short_gives_what_is_left_and_says_how_much(write_clip):
    clip = write_clip("clip.mp4", noise(40), gop=5, fast_start=True)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    frames = read_frames(clip, 20)
    assert 5 <= len(list(frames)) <= 12
    assert frames.given < frames.wanted == 20


def test_a_clip_of_which_next_to_nothing_is_left_is_one_line(write_clip):
    clip = write_clip("clip.mkv", noise(40), gop=5)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 4])
    with pytest.raises(UnreadableVideo, match=r"Could not read clip\.mkv: next to nothing of it is there"):
        list(read_frames(clip, 1))  # the only frame wanted lies in its middle
    assert len(list(read_frames(clip, 20))) >= 4


def test_more_frames_than_a_clip_cut_short_ever_had_are_those_it_had(write_clip):
    clip = write_clip("clip.mkv", noise(40), gop=5)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    frames = read_frames(clip, 20_000_000)
    assert frames.frame_count < 30
    assert frames.wanted == pytest.approx(40, abs=4)


@pytest.mark.parametrize("name", ["clip.mkv", "clip.ts"])
def test_a_stream_cut_short_is_read_to_its_end(write_clip, name):
    clip = write_clip(name, noise(40), gop=5)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    frames = read_frames(clip, 20)
    assert len(list(frames)) >= 5


def test_a_damaged_middle_costs_its_own_frames_and_no_made_up_pixel_is_given(write_clip):
    clip = write_clip("clip.mp4", noise(40), gop=5)
    whole = {round(frame.time, 3): frame.pixels for frame in read_frames(clip, 40)}
    data = bytearray(clip.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 3000] = np.random.default_rng(0).bytes(3000)
    clip.write_bytes(data)
    frames = read_frames(clip, 40)
    left = list(frames)
    assert 20 <= frames.given < frames.wanted == 40
    assert all(np.array_equal(frame.pixels, whole[round(frame.time, 3)]) for frame in left)


def noise(count):
    rng = np.random.default_rng(0)
    return [rng.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(count)]


NOT_CLIPS = {
    "text.mp4": (b"These are words.\n" * 40, "not an MP4"),
    "empty.mp4": (b"", "it is empty"),
    "playlist.mp4": (b"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nfile:///etc/hostname\n", "not an MP4"),
    "list.mp4": (b"ffconcat version 1.0\nfile /etc/hostname\n", "not an MP4"),
    "head.mp4": (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "could not|damaged|no video"),
    "photo.mp4": (b"\x89PNG\r\n\x1a\n" + b"\0" * 600, "a picture, not a clip"),
    "noise.mkv": (b"\x1a\x45\xdf\xa3" + bytes(range(256)) * 4, "damaged|no video|holds no frame"),
}


@pytest.mark.parametrize("name", sorted(NOT_CLIPS))
def test_what_is_no_clip_is_refused_in_one_line_that_names_it(tmp_path, name):
    content, words = NOT_CLIPS[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableVideo, match=f"Could not read {name}: .*({words})") as caught:
        list(read_frames(tmp_path / name))
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_a_missing_file_a_folder_and_sound_alone_are_refused(tmp_path, write_clip):
    with pytest.raises(UnreadableVideo, match="no such file"):
        read_frames(tmp_path / "none.mp4")
    with pytest.raises(UnreadableVideo, match="not a regular file"):
        read_frames(tmp_path)
    with pytest.raises(UnreadableVideo, match="no video"):
        read_frames(write_clip("sound.mp4", [], sound=True))


@pytest.mark.parametrize(
    ("limit", "value", "words"),
    [
        ("MAX_FILE_BYTES", 100, "larger than"),
        ("MAX_PIXELS", 64 * 48 - 1, "megapixels"),
        ("MAX_FRAMES", 9, "more than 9 frames"),
        ("MAX_SECONDS", 0.5, "span more than"),
    ],
)
def test_what_is_too_large_is_refused_before_any_decoding(write_clip, monkeypatch, limit, value, words):
    clip = write_clip("clip.mp4", numbered(10), rate=10)
    monkeypatch.setattr(video_bytes, limit, value)
    with pytest.raises(UnreadableVideo, match=words):
        read_frames(clip)


def test_memory_does_not_grow_with_the_clip(write_clip):
    peaks = []
    for count in (50, 1000):
        clip = write_clip(f"{count}.mp4", numbered(count))
        tracemalloc.start()
        for _ in read_frames(clip, 16):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000


def test_an_iteration_that_stops_early_closes_the_file_and_another_starts_anew(write_clip):
    frames = read_frames(write_clip("clip.mp4", numbered(20)), 5)
    next(iter(frames))
    assert len(list(frames)) == frames.given == 5


def test_clips_are_read_in_threads_at_once(write_clip):
    clip, seen = write_clip("clip.mp4", numbered(40)), []
    workers = [threading.Thread(target=lambda: seen.append(numbers(read_frames(clip, 4)))) for _ in range(3)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
    assert seen == [[5, 15, 25, 3]] * 3


def test_real_clips_are_read_whole(shared):
    clip = shared / "data/ffpp-c23-videos/original_sequences/youtube/c23/videos/055.mp4"
    frames = read_frames(clip, 4)
    assert [frame.pixels.shape for frame in frames] == [(480, 640, 3)] * 4
    assert (frames.frame_count, shares(frames)) == (394, "4 of 4")
