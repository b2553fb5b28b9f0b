"""What the page says: never 0% or 100%, never a sentence that contradicts itself."""

from __future__ import annotations

import dataclasses

import pytest

from unmask.schema import VERDICTS, Box, DetectorSettings, FacePrediction, ImagePrediction
from unmask.web.words import CAVEATS, HEADLINES, describe_finding, meanings, percent

SETTINGS = DetectorSettings(1, "test", 0.1, 1.0, 0.4, 0.7, "max", (), "nothing", "apache-2.0")


def picture_with(*probabilities: float) -> ImagePrediction:
    verdicts = ["fake" if p > 0.7 else "real" if p < 0.4 else "uncertain" for p in probabilities]
    box = Box(0, 0, 9, 9)
    faces = tuple(FacePrediction(box, p, v) for p, v in zip(probabilities, verdicts, strict=True))  # type: ignore[arg-type]
    top = max(faces, key=lambda face: face.fake_probability, default=None)
    verdict, probability = (top.verdict, top.fake_probability) if top else ("no_face", None)
    return ImagePrediction(verdict, probability, faces, "No face was found.", "haar", "test", 100, 100)


@pytest.mark.parametrize(
    ("probability", "digits", "text"),
    [
        (0.5, 1, "50.0%"),
        (0.97149, 1, "97.1%"),
        (0.0, 1, "<0.1%"),  # a network never knows for certain
        (1.0, 1, ">99.9%"),
        (0.9996, 1, ">99.9%"),  # would round to 100%
        (0.004, 0, "<1%"),
        (0.996, 0, ">99%"),
    ],
)
def test_percent(probability: float, digits: int, text: str) -> None:
    assert percent(probability, digits) == text


@pytest.mark.parametrize(
    ("probabilities", "sentence"),
    [
        ([0.9], "One face was found: fake probability 90.0%, above the fake threshold of 70.0%."),
        ([0.1], "One face was found: fake probability 10.0%, below the real threshold of 40.0%."),
        ([0.5], "One face was found: fake probability 50.0%, between the thresholds of 40.0% and 70.0%."),
        ([], "No face was found."),
        # below the threshold by less than the first digits show
        ([0.39996], "One face was found: fake probability 39.996%, below the real threshold of 40.000%."),
        # the most fake face is named by its number in the picture
        (
            [0.1, 0.9, 0.2, 0.5],
            "4 faces were found: 1 looks fake, 1 is uncertain, 2 look real. The picture is judged by its most fake "
            "face, number 2: fake probability 90.0%, above the fake threshold of 70.0%.",
        ),
    ],
)
def test_the_finding_in_words(probabilities: list[float], sentence: str) -> None:
    assert describe_finding(picture_with(*probabilities), SETTINGS) == sentence


def test_every_verdict_has_a_headline_and_a_caveat() -> None:
    assert set(HEADLINES) == set(CAVEATS) == set(VERDICTS)


def test_the_finding_uses_the_detectors_own_thresholds() -> None:
    settings = dataclasses.replace(SETTINGS, fake_threshold=0.8125)
    assert "81.2%" in describe_finding(picture_with(0.9), settings)


@pytest.mark.parametrize(
    ("verdict", "reasons", "said"),
    [
        ("fake", ("blurred",), "above the fake threshold of 70.0%. With caution: blurred."),  # a mild one
        ("uncertain", ("strongly blurred", "heavily compressed"), "here: strongly blurred and heavily compressed."),
    ],
)
def test_cautions_are_in_the_finding(verdict: str, reasons: tuple[str, ...], said: str) -> None:
    face = FacePrediction(Box(0, 0, 9, 9), 0.9, verdict, reasons=reasons)  # type: ignore[arg-type]
    picture = ImagePrediction(face.verdict, 0.9, (face,), "", "haar", "test", 100, 100)
    assert describe_finding(picture, SETTINGS).endswith(said)


@pytest.mark.parametrize(
    ("rate", "said"),
    [(None, None), (0.05, "1 in 20 genuine"), (0.1, "1 in 10 genuine")],  # an older folder says none
)
def test_the_promise_is_the_detectors_own(rate: float | None, said: str | None) -> None:
    text = meanings(dataclasses.replace(SETTINGS, error_rate=rate))["Looks fake"]
    assert said in text if said else "1 in" not in text
