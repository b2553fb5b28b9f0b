"""What is told from the first bytes of a clip, before any library opens it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from unmask.media.video import read_frames
from unmask.media.video_bytes import find_container, holds_clip, is_clip


@pytest.mark.parametrize(
    ("name", "container"),
    [
        ("clip.m2ts", "mpegts"),  # a camcorder's: packets of 192 bytes
        ("clip.ts", "mpegts"),  # a broadcast's: packets of 188 bytes
        ("clip.3gp", "mov"),  # an old phone's
    ],
)
def test_kin_of_the_usual_containers_are_read(write_clip: Callable[..., Path], name: str, container: str) -> None:
    clip = write_clip(name, [np.full((48, 64, 3), 10 * number, np.uint8) for number in range(20)], rate=10)
    assert (is_clip(clip), find_container(clip)) == (True, container)
    frames = list(read_frames(clip, 4))
    assert [round(float(frame.pixels.mean()) / 10) for frame in frames] == [2, 7, 12, 17]
    assert [frame.time for frame in frames] == pytest.approx([0.2, 0.7, 1.2, 1.7], abs=0.002)


@pytest.mark.parametrize(
    ("start", "clip"),
    [
        (b"\x00\x00\x00\x20ftypisom", True),
        (b"\x00\x00\x00\x18ftypheic", False),  # a picture in the same container
        (b"\x00\x00\x00\x18ftypavif", False),
        (b"RIFF\x00\x00\x00\x00AVI ", True),
        (b"RIFF\x00\x00\x00\x00WEBP", False),
        (b"#EXTM3U\nfile:///etc/hostname", False),  # a playlist that names another file
        (b"", False),
    ],
)
def test_a_clip_without_a_name_is_known_by_its_first_bytes(tmp_path: Path, start: bytes, clip: bool) -> None:
    path = tmp_path / "upload"
    path.write_bytes(start + bytes(600) if start else b"")
    assert holds_clip(path) == clip
    assert not holds_clip(tmp_path / "missing")
    assert not holds_clip(tmp_path)
