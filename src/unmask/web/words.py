"""What the page says in words: what was found, and what that does not mean."""

from __future__ import annotations

from collections import Counter

from unmask.calibration import verdict_of
from unmask.detector import BETWEEN, list_words, most_fake
from unmask.schema import DetectorSettings, ImagePrediction, Verdict

HEADLINES: dict[Verdict, str] = {
    "real": "Looks real",
    "fake": "Looks fake",
    "uncertain": "Cannot say",
    "no_face": "No face found",
}
CAVEATS: dict[Verdict, str] = {
    "real": (
        "This is no proof that the picture is genuine: a forgery of a kind that the detector never saw often "
        "passes as real, and nothing but the faces was looked at."
    ),
    "fake": (
        "This is no proof of a forgery: filters, heavy compression and small or blurred faces can make a "
        "genuine photo look forged. Find out where the picture comes from before you act on it."
    ),
    "uncertain": (
        "This does not mean half real or half fake. On faces like this one the detector was wrong too often where "
        "the answer was known, so it gives none."
    ),
    "no_face": (
        "This does not mean that the picture is genuine: the detector judges faces and nothing else, so it has not "
        "judged this one at all."
    ),
}
COUNTED: dict[Verdict, tuple[str, str]] = {
    "fake": ("looks fake", "look fake"),
    "uncertain": ("is uncertain", "are uncertain"),
    "real": ("looks real", "look real"),
}
UNSEEN = "On pictures of another kind, and on new ways of forging, expect more errors than that."


def percent(probability: float, digits: int = 1) -> str:
    """Return a probability as a percentage that never claims to be 0% or 100%."""
    least = 10.0 ** -(digits + 2)  # one in the last digit
    if probability < least:
        return f"<{100 * least:.{digits}f}%"
    if probability > 1 - least:
        return f">{100 * (1 - least):.{digits}f}%"
    return f"{100 * probability:.{digits}f}%"


def describe_finding(prediction: ImagePrediction, settings: DetectorSettings) -> str:
    """Return in a sentence or two what was found in the picture."""
    if prediction.fake_probability is None:
        return prediction.reason
    found, low, high = _tell_apart(prediction.fake_probability, settings.real_threshold, settings.fake_threshold)
    place = {
        "fake": f"above the fake threshold of {high}",
        "real": f"below the real threshold of {low}",
        "uncertain": f"between the thresholds of {low} and {high}",
    }[verdict_of(prediction.fake_probability, settings.real_threshold, settings.fake_threshold)]
    top = most_fake(prediction.faces)
    assert top is not None
    which = "One face was found"
    if len(prediction.faces) > 1:
        number = prediction.faces.index(top) + 1
        which = f"{_count_faces(prediction)} The picture is judged by its most fake face, number {number}"
    cautions = list_words([reason for reason in top.reasons if reason != BETWEEN])
    if not cautions:
        return f"{which}: fake probability {found}, {place}."
    if top.verdict == "uncertain" and BETWEEN not in top.reasons:
        return f"{which}: fake probability {found}, {place}, but that is no ground for a verdict here: {cautions}."
    return f"{which}: fake probability {found}, {place}. With caution: {cautions}."


def meanings(settings: DetectorSettings) -> dict[str, str]:
    """Return what each verdict means, with the share of errors that the detector's thresholds promise."""
    rate = settings.error_rate
    rarely = "" if rate is None else f" At most about 1 in {round(1 / rate)} %s faces comes out so, of each kind that "
    rarely += "the detector was calibrated on." if rarely else ""
    return {
        "Looks fake": "the fake probability is above the fake threshold." + rarely.replace("%s", "genuine"),
        "Looks real": "the fake probability is below the real threshold." + rarely.replace("%s", "forged"),
        "Cannot say (uncertain)": "the fake probability lies between the thresholds, where the detector errs too "
        "often to answer, or the face is too small, too blurred or too unlike all that the detector knows.",
        "No face found": "there was nothing to judge, so there is no number.",
    }


def _tell_apart(probability: float, *thresholds: float) -> list[str]:
    """Return percentages with as many digits as it takes, so that none reads `40.0%, below 40.0%`."""
    for digits in (1, 2, 3, 4):
        found, *bounds = [percent(value, digits) for value in (probability, *thresholds)]
        if found not in bounds:
            break
    return [found, *bounds]


def _count_faces(prediction: ImagePrediction) -> str:
    """Return how many faces got which verdict, as in `3 faces were found: 1 looks fake, 2 look real.`"""
    counts = Counter(face.verdict for face in prediction.faces)
    parts = [f"{counts[verdict]} {words[counts[verdict] > 1]}" for verdict, words in COUNTED.items() if counts[verdict]]
    return f"{len(prediction.faces)} faces were found: {', '.join(parts)}."
