"""From probability and cautions to a verdict, for faces and people alike."""

from __future__ import annotations

import pytest

from unmask.schema import Box, Caution, DetectorSettings, FacePrediction
from unmask.verdicts import BETWEEN, conclude, explain, list_words, most_fake, usual_cautions

SETTINGS = DetectorSettings(1, "test", 0.0, 1.0, 0.4, 0.6, "max", (), "", "none")
SMALL, NEW, BLURRED = Caution("small", True), Caution("new", True), Caution("blurred", False)
SMOOTHED = Caution("smoothed", True, spares="fake")


def face(probability: float, verdict: str, *reasons: str) -> FacePrediction:
    return FacePrediction(Box(0, 0, 9, 9), probability, verdict, reasons=reasons)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("probability", "cautions", "verdict", "reasons"),
    [
        (0.9, [], "fake", ()),  # nothing speaks against it
        (0.1, [BLURRED], "real", ("blurred",)),  # worth a mention
        (0.9, [SMALL, BLURRED], "uncertain", ("small", "blurred")),  # no ground
        (0.5, [], "uncertain", (BETWEEN,)),  # between the thresholds
        (0.5, [SMALL], "uncertain", (BETWEEN, "small")),  # both
        (0.1, [SMOOTHED], "uncertain", ("smoothed",)),  # what hides a forgery
        (0.9, [SMOOTHED], "fake", ("smoothed",)),  # and does not invent one
        (0.9, [SMOOTHED, SMALL], "uncertain", ("smoothed", "small")),  # two of them
    ],
)
def test_a_verdict_and_its_reasons(
    probability: float, cautions: list[Caution], verdict: str, reasons: tuple[str, ...]
) -> None:
    assert conclude(probability, cautions, SETTINGS) == (verdict, reasons)


@pytest.mark.parametrize(
    ("frames", "usual"),
    [
        ([[], [], []], ()),  # good frames
        ([[SMALL], [], []], ()),  # one frame is too few
        ([[SMALL], []], ()),  # half is not most
        ([[SMALL], [SMALL], []], (SMALL,)),
        ([[BLURRED], [BLURRED, SMALL], [SMALL]], (SMALL, BLURRED)),  # the weightier first
        ([[BLURRED], [BLURRED], [SMALL]], (BLURRED,)),  # a mild one in most frames
        ([[SMALL], [NEW], [], []], ()),  # two kinds that make half of the frames
        ([[SMALL], [NEW], [SMALL], [NEW], [SMALL], [], []], (SMALL,)),  # and most: the commonest is said
        ([[NEW]], (NEW,)),  # one frame
    ],
)
def test_what_holds_in_most_frames(frames: list[list[Caution]], usual: tuple[Caution, ...]) -> None:
    assert usual_cautions(frames) == usual


@pytest.mark.parametrize(
    ("judged", "said"),
    [
        (face(0.9, "fake"), "above the fake threshold 0.600"),
        (face(0.5, "uncertain", BETWEEN), "between the thresholds 0.400 and 0.600"),
        (face(0.1, "real", "blurred"), "below the real threshold 0.400; with caution: blurred"),
        (
            face(0.9, "uncertain", "small", "blurred"),
            "above the fake threshold 0.600, which is no ground for a verdict: small and blurred",
        ),
        (face(0.5, "uncertain", BETWEEN, "small"), "between the thresholds 0.400 and 0.600; with caution: small"),
    ],
)
def test_what_a_verdict_rests_on(judged: FacePrediction, said: str) -> None:
    assert explain(judged, SETTINGS) == said
    assert explain(judged, SETTINGS, " in most frames").startswith(said)


def test_a_forged_face_goes_before_one_that_cannot_be_judged() -> None:
    blurred, forged, real = face(0.99, "uncertain"), face(0.9, "fake"), face(0.1, "real")
    assert most_fake([blurred, forged, real]) is forged
    assert most_fake([real, blurred]) is blurred
    assert most_fake([]) is None


@pytest.mark.parametrize(
    ("words", "text"), [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")]
)
def test_words_are_listed_as_in_a_sentence(words: list[str], text: str) -> None:
    assert list_words(words) == text
