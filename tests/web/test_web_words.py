"""What the page says: never 0% or 100%, never a sentence that contradicts itself."""

from __future__ import annotations

import dataclasses

import pytest

from unmask.schema import (
    VERDICTS,
    Box,
    DetectorSettings,
    FacePrediction,
    ImagePrediction,
    PersonPrediction,
    VideoPrediction,
)
from unmask.verdicts import BETWEEN
from unmask.web.words import CAVEATS, HEADLINES, NO_GROUND, caveat_of, describe_finding, meanings, percent

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
    ("reasons", "said"),
    [
        ((BETWEEN,), "wrong too often"),  # where the detector errs
        ((BETWEEN, "blurred"), "wrong too often"),
        (("strongly blurred",), "shows the detector too little"),  # no ground: nothing was measured to be wrong
        (("very unlike the faces that the detector knows",), "nothing like what it knows"),
    ],
)
def test_what_uncertain_does_not_mean_depends_on_the_reason(reasons: tuple[str, ...], said: str) -> None:
    face = FacePrediction(Box(0, 0, 9, 9), 0.9, "uncertain", reasons=reasons)
    caveat = caveat_of(ImagePrediction("uncertain", 0.9, (face,), "", "haar", "test", 100, 100))
    assert said in caveat
    assert ("wrong too often" in caveat) == (BETWEEN in reasons)


def person(number: int, probability: float, verdict: str, frames: int = 8, *reasons: str) -> PersonPrediction:
    times, boxes = tuple(map(float, range(frames))), (Box(0, 0, 9, 9),) * frames
    return PersonPrediction(
        number,
        verdict,
        probability,
        times,
        (probability,) * frames,
        boxes,
        brief=frames < 3,
        reasons=reasons,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("people", "sentence"),
    [
        ([person(1, 0.9, "fake")], "One person was found in 9 of 10 frames: fake probability 90.0%, above the"),
        (
            [person(1, 0.9, "uncertain", 8, "strongly blurred")],
            "but that is no ground for a verdict here: strongly blurred in most frames. 1 of 10 frames could not",
        ),
        (
            [person(1, 0.1, "real"), person(2, 0.8, "fake")],
            "2 people were found in 9 of 10 frames: 1 looks fake, 1 looks real. The clip is judged by its most fake "
            "person, number 2: fake probability 80.0%",
        ),
        (
            [person(1, 0.1, "real"), person(2, 0.9, "fake", 2)],
            "1 more was seen in too few frames to decide. Person 2 looks fake, but in too few frames to decide",
        ),
        ([], "Nobody was found."),
    ],
)
def test_a_clip_in_words(people: list[PersonPrediction], sentence: str) -> None:
    verdict = people[0].verdict if people else "no_face"
    clip = VideoPrediction(
        verdict, 0.9 if people else None, tuple(people), 10, 9, 9, 5.0, "Nobody was found.", "haar", "test", 64, 48
    )
    assert sentence in describe_finding(clip, SETTINGS)


def test_a_clip_is_called_a_clip() -> None:
    clip = VideoPrediction("fake", 0.9, (person(1, 0.9, "fake"),), 10, 9, 9, 5.0, "", "haar", "test", 64, 48)
    assert "genuine clip look forged" in caveat_of(clip)
    assert "{" not in caveat_of(clip) + NO_GROUND.format(what="clip")


@pytest.mark.parametrize(
    ("rate", "said"),
    [(None, None), (0.05, "1 in 20 genuine"), (0.1, "1 in 10 genuine")],  # an older folder says none
)
def test_the_promise_is_the_detectors_own(rate: float | None, said: str | None) -> None:
    text = meanings(dataclasses.replace(SETTINGS, error_rate=rate))["Looks fake"]
    assert said in text if said else "1 in" not in text


def test_fakes_may_have_a_promise_of_their_own() -> None:
    said = meanings(dataclasses.replace(SETTINGS, error_rate=0.04, miss_rate=0.1))
    assert "1 in 25 genuine" in said["Looks fake"]
    assert "1 in 10 forged" in said["Looks real"]
