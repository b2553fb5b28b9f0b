"""What many tests stand on: drawn faces, tiny real detectors, and the data folder where there is one."""

from __future__ import annotations

import os
import struct
import tempfile
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

from unmask.media.drawing import draw_face

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

# How long an example takes says more about the machine than about the code.
settings.register_profile("unmask", deadline=None)
settings.load_profile("unmask")

NOBODY = 65534  # the user without rights
SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real faces beside a checkout; the test is skipped where it is missing."""
    if not (SHARED / "data").is_dir():
        pytest.skip("no ../shared/data beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def drawn_face() -> np.ndarray:
    """A drawn face, uint8 RGB [256, 256, 3]."""
    return draw_face()


def make_tiny_detector(folder: Path, backbone: str = "test_resnet", size: int = 96, seed: int = 0) -> Path:
    """Write a small real detector folder (an untrained timm network) and return it."""
    import timm
    import torch

    from unmask.export import write_detector
    from unmask.schema import DetectorSettings, InputSpec

    torch.manual_seed(seed)
    model = timm.create_model(backbone, num_classes=2)
    settings = DetectorSettings(
        format_version=1,
        name="tiny",
        crop_margin=0.1,
        temperature=1.0,
        real_threshold=0.4,
        fake_threshold=0.6,
        pooling="max",
        trained_on=(),
        calibrated_on="nothing",
        license="apache-2.0",
    )
    spec = InputSpec(size, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    write_detector(model, backbone, spec, settings, folder)
    return folder


@pytest.fixture(scope="session")
def tiny_detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A detector folder with an untrained network of a few thousand parameters; do not write into it."""
    return make_tiny_detector(tmp_path_factory.mktemp("tiny") / "detector")


@pytest.fixture
def strangers_folder() -> Iterator[Path]:
    """A folder in which this process is not root, whom no permission stops."""
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as name:
        if root:
            os.chown(name, NOBODY, NOBODY)
            os.seteuid(NOBODY)
        try:
            yield Path(name)
        finally:
            for path in Path(name).iterdir():
                path.chmod(0o700)
            if root:
                os.seteuid(0)


@pytest.fixture
def write_clip(tmp_path: Path) -> Callable[..., Path]:
    """Write frames (uint8 RGB, equal shapes) as a clip below tmp_path: `write_clip("a.mp4", frames)`.

    `stamps` are the frames' times in milliseconds, `rotation` is the clockwise turn that a player makes.
    """

    def write(name: str, frames: Sequence[np.ndarray], **wishes: Any) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_video(path, frames, **wishes)
        return path

    return write


def write_video(
    path: Path,
    frames: Sequence[np.ndarray],
    rate: int = 25,
    codec: str = "libx264",
    gop: int = 12,
    stamps: Sequence[int] = (),
    rotation: int = 0,
    mirrored: bool = False,
    sound: bool = False,
    fast_start: bool = False,
) -> None:
    """Write a clip with PyAV."""
    import av

    options = {"movflags": "faststart"} if fast_start else {}
    with av.open(str(path), "w", format={".mkv": "matroska", ".ts": "mpegts"}.get(path.suffix), options=options) as out:
        if len(frames):
            stream = out.add_stream(codec, rate=rate, options={"crf": "10"} if codec.startswith("libx26") else {})
            stream.height, stream.width = frames[0].shape[:2]
            stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
            stream.gop_size, stream.bit_rate = gop, 2_000_000
            stream.codec_context.time_base = Fraction(1, 1000 if stamps else rate)
        if sound:
            voice = out.add_stream("aac", rate=16000, layout="mono")
        for number, pixels in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = stamps[number] if stamps else number
            out.mux(stream.encode(frame))
        if sound:  # longer than the pictures
            quiet = av.AudioFrame.from_ndarray(np.zeros((1, 32000), np.int16), format="s16", layout="mono")
            quiet.sample_rate, quiet.pts = 16000, 0
            out.mux([*voice.encode(quiet), *voice.encode(None)])
        if len(frames):
            out.mux(stream.encode(None))
    if rotation or mirrored:
        _turn(path, rotation, mirrored)


def _turn(path: Path, degrees: int, mirrored: bool) -> None:
    """Write the display matrix of a clockwise turn, after mirroring, into the MP4's track header, as phones do."""
    a, b = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    sign = -1 if mirrored else 1
    matrix = struct.pack(">9i", sign * a << 16, sign * b << 16, 0, -b << 16, a << 16, 0, 0, 0, 1 << 30)
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4 + 40  # version, flags, times, ids, layer and volume stand before it
    data[start : start + 36] = matrix
    path.write_bytes(data)
