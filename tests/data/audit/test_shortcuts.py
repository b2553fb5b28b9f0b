"""The shortcut check: each planted shortcut is told by its feature alone, chance by none."""

import numpy as np
import pytest

from unmask.data.audit.facts import Facts
from unmask.data.audit.pictures import Picture
from unmask.data.audit.shortcuts import ALL, judge_shortcuts, measure_shortcuts
from unmask.schema import Sample

HONEST = {"format": "JPEG", "mode": "RGB", "width": 224, "height": 224, "file_bytes": 9000, "tables": (16,) * 128}


def _pictures(number=60, plant=None, sources=None, seed=0):
    """Return pictures whose facts vary without meaning but for `plant(label, rng)`."""
    rng = np.random.default_rng(seed)
    pictures = []
    for index in range(number):
        label = index % 2
        facts = HONEST | {"file_bytes": int(rng.integers(5000, 20000)), "brightness": float(rng.normal(120, 20))}
        facts |= {"contrast": float(rng.normal(50, 9))} | (plant(label, rng) if plant else {})
        source = str(index if sources is None else index % sources)
        sample = Sample(f"{index}.jpg", label, source, f"{index}", "m")
        pictures.append(Picture("d", "", sample, Facts(**facts)))
    return pictures


@pytest.mark.parametrize(
    ("feature", "plant"),
    [
        ("file format", lambda y, rng: {"format": "PNG" if y else "JPEG"}),
        ("width and height", lambda y, rng: {"width": 300 if y else 256}),
        ("JPEG tables", lambda y, rng: {"tables": (16 + 4 * y,) * 128}),
        ("JPEG tables", lambda y, rng: {"subsampling": "4:2:0" if y else "4:4:4"}),
        ("file size", lambda y, rng: {"file_bytes": 9000 + 3000 * y + int(rng.integers(0, 500))}),
        ("mean brightness", lambda y, rng: {"brightness": 120.0 + 30 * y}),
        ("contrast", lambda y, rng: {"contrast": 50.0 + (y * 2 - 1) * rng.choice([-1, 1]) ** 2 * 9}),
    ],
)
def test_a_planted_shortcut_is_told_by_its_feature(feature, plant):
    shortcuts = {s.feature: s for s in measure_shortcuts(_pictures(plant=plant))}
    assert shortcuts[feature].auc == pytest.approx(1, abs=0.02)
    words = [f.text for f in judge_shortcuts("d", list(shortcuts.values())) if f.level == "serious"]
    assert any(f"from the {feature} alone" in text for text in words)


def test_fakes_in_the_middle_are_told_too():
    """A feature need not rise with the label."""
    plant = lambda y, rng: {"file_bytes": 9000 if y else int(rng.choice([5000, 15000]))}  # noqa: E731
    shortcuts = {s.feature: s.auc for s in measure_shortcuts(_pictures(plant=plant))}
    assert shortcuts["file size"] > 0.95


@pytest.mark.parametrize("number", [24, 60, 400])
@pytest.mark.parametrize("seed", range(3))
def test_chance_is_not_warned_of(number, seed):
    assert judge_shortcuts("d", measure_shortcuts(_pictures(number, seed=seed))) == []


def test_frames_of_a_source_are_not_learnt_by_heart():
    """Each source has a size of its own, which says nothing of a new source's label."""
    pictures = _pictures(400, sources=40)
    widths = 100 + np.random.default_rng(0).permutation(40)
    marked = [
        Picture("d", "", p.sample, Facts(**HONEST | {"width": int(widths[int(p.sample.source_id)])})) for p in pictures
    ]
    assert judge_shortcuts("d", measure_shortcuts(marked)) == []


def test_what_never_varies_is_chance():
    pictures = [Picture("d", "", p.sample, Facts(**HONEST)) for p in _pictures()]
    assert {s.auc for s in measure_shortcuts(pictures)} == {0.5}


@pytest.mark.parametrize("number", [0, 1, 10, 18])
def test_too_few_sources_say_nothing(number):
    assert measure_shortcuts(_pictures(number, plant=lambda y, rng: {"width": 99 + y})) == []


def test_without_decoded_pixels_brightness_is_left_out():
    pictures = [Picture("d", "", p.sample, Facts(**HONEST)) for p in _pictures()]
    assert "mean brightness" not in [s.feature for s in measure_shortcuts(pictures)]
    assert ALL in [s.feature for s in measure_shortcuts(pictures)]


def test_bytes_per_pixel_are_not_named_beside_a_file_size_that_says_the_same():
    pictures = _pictures(plant=lambda y, rng: {"file_bytes": 9000 + 3000 * y + int(rng.integers(0, 500))})
    (line,) = [f.text for f in judge_shortcuts("d", measure_shortcuts(pictures))]
    assert "from the file size alone" in line
