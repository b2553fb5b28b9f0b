"""What the page says in words: what was found, and what that does not mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from unmask.calibration import verdict_of
from unmask.clips import describe_brief_fakes
from unmask.schema import (
    DetectorSettings,
    FacePrediction,
    ImagePrediction,
    PersonPrediction,
    Verdict,
    VideoPrediction,
)
from unmask.verdicts import cautions_of, is_groundless, most_fake

HEADLINES: dict[Verdict, str] = {
    "real": "Looks real",
    "fake": "Looks fake",
    "uncertain": "Cannot say",
    "no_face": "No face found",
}
CAVEATS: dict[Verdict, str] = {
    "real": (
        "This is no proof that the {what} is genuine: a forgery of a kind that the detector never saw often "
        "passes as real, and nothing but the faces was looked at."
    ),
    "fake": (
        "This is no proof of a forgery: filters, heavy compression and small or blurred faces can make a "
        "genuine {what} look forged. Find out where the {what} comes from before you act on it."
    ),
    "uncertain": (
        "This does not mean half real or half fake. On faces like this one the detector was wrong too often where "
        "the answer was known, so it gives none."
    ),
    "no_face": (
        "This does not mean that the {what} is genuine: the detector judges faces and nothing else, so it has not "
        "judged this one at all."
    ),
}
"""What a verdict on a picture or clip, `what`, does not mean."""
NO_GROUND = (
    "This does not mean half real or half fake. Whatever its number, a face like this one shows the detector too "
    "little, or nothing like what it knows, so no verdict is made of it. A larger, sharper and upright {what} of a "
    "person, as a camera took it, may be judged."
)
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


def caveat_of(prediction: ImagePrediction | VideoPrediction) -> str:
    """Return in a sentence or two what the verdict does not mean."""
    top, what = _top(prediction), "clip" if isinstance(prediction, VideoPrediction) else "picture"
    groundless = top is not None and is_groundless(top.verdict, top.reasons)
    return (NO_GROUND if groundless else CAVEATS[prediction.verdict]).format(what=what)


def describe_finding(prediction: ImagePrediction | VideoPrediction, settings: DetectorSettings) -> str:
    """Return in a sentence or two what was found in the picture or clip."""
    top = _top(prediction)
    if top is None:
        return prediction.reason
    if isinstance(prediction, VideoPrediction):
        return f"{_describe_people(prediction, top)}: {_describe_top(top, settings)}{_describe_rest(prediction)}"
    return f"{_describe_faces(prediction, top)}: {_describe_top(top, settings)}"


def _top(prediction: ImagePrediction | VideoPrediction) -> FacePrediction | PersonPrediction | None:
    """Return the face or person that decides; None without any."""
    if isinstance(prediction, VideoPrediction):
        return most_fake([person for person in prediction.people if not person.brief])
    return most_fake(prediction.faces)


def _describe_top(top: FacePrediction | PersonPrediction, settings: DetectorSettings) -> str:
    found, low, high = _tell_apart(top.fake_probability, settings.real_threshold, settings.fake_threshold)
    place = {
        "fake": f"above the fake threshold of {high}",
        "real": f"below the real threshold of {low}",
        "uncertain": f"between the thresholds of {low} and {high}",
    }[verdict_of(top.fake_probability, settings.real_threshold, settings.fake_threshold)]
    where = " in most frames" if isinstance(top, PersonPrediction) and len(top.times) > 1 else ""
    return f"fake probability {found}, {place}{describe_cautions(top.verdict, top.reasons, where)}"


def describe_cautions(verdict: Verdict, reasons: Sequence[str], where: str = "") -> str:
    """Return the end of a sentence on a fake probability: what speaks against a verdict by it; a full stop without any.

    `where` stands behind the cautions, as in ` in most frames`.
    """
    cautions = cautions_of(reasons)
    if not cautions:
        return "."
    if is_groundless(verdict, reasons):
        return f", but that is no ground for a verdict here: {cautions}{where}."
    return f". With caution: {cautions}{where}."


def _describe_faces(prediction: ImagePrediction, top: FacePrediction | PersonPrediction) -> str:
    count = len(prediction.faces)
    if count == 1:
        return "One face was found"
    number = [face is top for face in prediction.faces].index(True) + 1
    verdicts = _count([face.verdict for face in prediction.faces])
    return f"{count} faces were found: {verdicts}. The picture is judged by its most fake face, number {number}"


def _describe_people(prediction: VideoPrediction, top: FacePrediction | PersonPrediction) -> str:
    deciding = [person for person in prediction.people if not person.brief]
    frames = f"in {prediction.frames_judged} of {prediction.frames_wanted} frames"
    if len(deciding) == 1:
        return f"One person was found {frames}"
    verdicts = _count([person.verdict for person in deciding])
    return (
        f"{len(deciding)} people were found {frames}: {verdicts}. The clip is judged by its most fake person, "
        f"number {top.number}"
    )


def _describe_rest(prediction: VideoPrediction) -> str:
    """Return sentences on who was seen too seldom and what could not be read; empty without either."""
    brief = sum(person.brief for person in prediction.people)
    missing = prediction.frames_wanted - prediction.frames_read
    seldom = f" {brief} more {'was' if brief == 1 else 'were'} seen in too few frames to decide." if brief else ""
    broken = f" {missing} of {prediction.frames_wanted} frames could not be decoded." if missing else ""
    return seldom + describe_brief_fakes(prediction.people) + broken


def meanings(settings: DetectorSettings) -> dict[str, str]:
    """Return what each verdict means, with the share of errors that the detector's thresholds promise."""
    rarely = dict.fromkeys(("genuine", "forged"), "")
    for kind, rate in zip(rarely, settings.promise or (), strict=False):
        rarely[kind] = (
            f" At most about 1 in {round(1 / rate)} {kind} faces comes out so, of each kind that the detector was "
            "calibrated on."
        )
    return {
        "Looks fake": f"the fake probability is above the fake threshold.{rarely['genuine']}",
        "Looks real": f"the fake probability is below the real threshold.{rarely['forged']}",
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


def _count(verdicts: list[Verdict]) -> str:
    """Return how many faces or people got which verdict, as in `1 looks fake, 2 look real`."""
    counts = Counter(verdicts)
    return ", ".join(f"{counts[word]} {words[counts[word] > 1]}" for word, words in COUNTED.items() if counts[word])
