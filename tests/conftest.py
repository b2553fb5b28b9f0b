"""What many tests stand on: drawn faces, tiny real detectors, and the data folder where there is one."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real faces beside a checkout; the test is skipped where it is missing."""
    if not (SHARED / "data").is_dir():
        pytest.skip("no ../shared/data beside this checkout")
    return SHARED


def draw_face(seed: int = 0, size: int = 256) -> np.ndarray:
    """Return a drawn face that the bundled finder finds, uint8 RGB [size, size, 3]."""
    rng = np.random.default_rng(seed)
    skin = tuple(int(c) for c in np.array([224, 172, 138]) + rng.integers(-20, 20, 3))
    picture = Image.new("RGB", (size, size), tuple(int(c) for c in rng.integers(90, 200, 3)))
    pen = ImageDraw.Draw(picture)
    unit = size / 256

    def ellipse(x: float, y: float, wide: float, tall: float, fill: object) -> None:
        pen.ellipse([(x - wide) * unit, (y - tall) * unit, (x + wide) * unit, (y + tall) * unit], fill=fill)

    dark = (40, 28, 24)
    ellipse(128, 120, 84, 104, dark)
    ellipse(128, 136, 70, 92, skin)
    shade = tuple(int(c * 0.82) for c in skin)
    for x in (98, 158):
        ellipse(x, 116, 21, 13, shade)
        ellipse(x, 118, 15, 8, (245, 245, 245))
        ellipse(x, 118, 7, 7, dark)
        pen.line([(x - 19) * unit, 99 * unit, (x + 19) * unit, 97 * unit], fill=dark, width=max(1, int(6 * unit)))
    pen.line([128 * unit, 118 * unit, 122 * unit, 156 * unit, 136 * unit, 158 * unit], fill=shade, width=max(1, int(5 * unit)))
    ellipse(128, 184, 28, 9, (150, 60, 60))
    pixels = np.asarray(picture).astype(np.int16) + rng.integers(-6, 7, (size, size, 3))
    return np.clip(pixels, 0, 255).astype(np.uint8)


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
