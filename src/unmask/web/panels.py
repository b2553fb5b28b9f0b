"""The page's own pieces of HTML: verdict, table, legend and notes. Whatever came from outside is escaped."""

from __future__ import annotations

from html import escape

from unmask.detector import Detector
from unmask.media.provenance import Provenance
from unmask.schema import DetectorSettings, FacePrediction, ImagePrediction, Verdict, VideoPrediction
from unmask.verdicts import list_words
from unmask.web.words import HEADLINES, UNSEEN, caveat_of, describe_cautions, describe_finding, meanings, percent

MARKS = {"real": "✓", "fake": "!", "uncertain": "?", "no_face": "–"}
COLUMNS = ("Face", "Verdict", "Fake probability", "Pixels", "Remarks")
NOT_JUDGED = "Nothing was judged, so this says nothing of whether it is genuine."
FINDERS = {
    "yunet": "YuNet found the faces.",
    "haar": "OpenCV's bundled Haar cascade looked for faces. It misses more of them than YuNet, which is used once "
    "the file <code>face_detection_yunet_2023mar.onnx</code> is named in the variable <code>UNMASK_FACE_MODEL</code> "
    "or <code>hf download opencv/face_detection_yunet face_detection_yunet_2023mar.onnx</code> has fetched it.",
}
# A live region must outlive its content, so the role is given to the element that Gradio keeps.
ANNOUNCE_QUIETLY = 'element.setAttribute("role", "status");'
# On a phone the verdict lies below the picture, so it is brought into view.
ANNOUNCE = ANNOUNCE_QUIETLY + 'watch("value", () => element.scrollIntoView({ block: "nearest" }));'
CHOOSE = "{count} pictures. Choose one to see its faces."
CHOOSE_SCRIPT = """
element.addEventListener("click", (event) => {
  const chosen = event.target.closest("button[data-place]");
  if (!chosen) return;
  element.querySelectorAll("button[data-place]").forEach((button) =>
    button.setAttribute("aria-pressed", button === chosen));
  trigger("click", { index: Number(chosen.dataset.place) });
});
"""
WAITING = '<div class="verdict waiting"><p>No picture yet. What was found will stand here.</p></div>'
JUDGING = '<div class="verdict waiting"><p>Looking for faces and judging them …</p></div>'
HEADER = """
<h1>Unmask</h1>
<p>Give it photos and clips: each face is judged real, fake or <em>cannot say</em>, with the evidence.</p>
"""
NOTES = """
<p class="note">The examples are drawings of nobody, made by this project. The detector was made for photographs, so
what it says of a drawing only shows how the page works.</p>
<p class="note"><strong>Privacy:</strong> what you give goes to the machine that runs this page and nowhere else, and is
deleted there after about an hour.</p>
"""
LEGEND = """
<p class="legend"><span class="key"><span class="swatch for-fake"></span> spoke for fake</span>
<span class="key"><span class="swatch for-real"></span> spoke for real</span>
<span class="key"><span class="swatch grey"></span> said little</span><br>
This is where the network looked, not where a forgery is. It saw the numbered squares and nothing else.</p>
"""


def verdict_panel(prediction: ImagePrediction | VideoPrediction, settings: DetectorSettings) -> str:
    """Return the verdict with what was found and what it does not mean."""
    return _panel(
        prediction.verdict,
        MARKS[prediction.verdict],
        HEADLINES[prediction.verdict],
        describe_finding(prediction, settings),
        caveat_of(prediction),
    )


def provenance_panel(provenance: Provenance) -> str:
    """Return what the file says of where it comes from, and what that is worth."""
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in provenance.sentences())
    return (
        f"<div class='provenance'><h3>What the file says of where it comes from</h3><ul class='note'>{items}</ul>"
        "<p class='note'>This is read from the file and changes no verdict.</p></div>"
    )


def error_panel(message: str, headline: str = "This file could not be read") -> str:
    """Return the panel for what could not be judged."""
    return _panel("error", "×", headline, message, NOT_JUDGED)


def live_panel(
    verdict: Verdict,
    averaged: float | None,
    highest: float | None,
    faces: int,
    seconds: float,
    reasons: tuple[str, ...] = (),
) -> str:
    """Return the panel of a stream: the verdict over time, and what this frame alone gave.

    Args:
        verdict: The verdict of the average, `no_face` without one.
        averaged: The average as a fake probability, None where no face was seen lately.
        highest: The fake probability of this frame's most fake face, None where it shows none.
        faces: How many faces this frame shows.
        seconds: How long this frame took.
        reasons: What keeps the verdict back or weakens it.
    """
    finding = "No face is in view."
    if averaged is not None:
        finding = f"Averaged fake probability {percent(averaged)}{describe_cautions(verdict, reasons)}"
    count = "1 face" if faces == 1 else f"{faces} faces"
    frame = "no face" if highest is None else f"{count}, fake probability {percent(highest)}"
    small = f"This frame: {frame}; judged in {1000 * seconds:.0f} ms."
    return _panel(verdict, MARKS[verdict], HEADLINES[verdict], finding, small)


def progress_line(text: str, done: int, total: int) -> str:
    """Return how far a long work is, in words and as a bar."""
    said = escape(text)
    return f'<p class="status">{said}<br><progress max="{total}" value="{done}" aria-label="{said}"></progress></p>'


def gallery(items: list[tuple[str, Verdict | None, str]]) -> str:
    """Return a button for each picture, the first one pressed.

    Args:
        items: Of each picture its name, its verdict (None where it was not read) and its thumbnail's data URL.
    """
    buttons = "".join(_gallery_button(place, *item) for place, item in enumerate(items))
    return f"<ul class='judged' aria-label='Pictures and their verdicts'>{buttons}</ul>"


def _gallery_button(place: int, name: str, verdict: Verdict | None, thumbnail: str) -> str:
    mark, said = (MARKS[verdict], HEADLINES[verdict]) if verdict else ("×", "Not read")
    picture = f"<img src='{escape(thumbnail)}' alt=''>" if thumbnail else f"<span class='no-picture'>{mark}</span>"
    return (
        f"<li><button type='button' class='{verdict or 'error'}' data-place='{place}' "
        f"aria-pressed='{'false' if place else 'true'}'>{picture}<span class='mark' aria-hidden='true'>{mark}</span>"
        f"<span class='said'>{said}</span><span class='name'>{escape(name)}</span></button></li>"
    )


def face_table(faces: tuple[FacePrediction, ...]) -> str:
    """Return a table with a row per face, numbered as in the picture; empty without faces."""
    if not faces:
        return ""
    rows = "".join(
        f"<tr><th scope='row'>{number}</th><td>{MARKS[face.verdict]} {face.verdict}</td>"
        f"<td>{escape(percent(face.fake_probability))}</td><td>{face.box.width} × {face.box.height}</td>"
        f"<td>{escape(list_words(face.reasons))}</td></tr>"
        for number, face in enumerate(faces, 1)
    )
    head = "".join(f"<th scope='col'>{name}</th>" for name in COLUMNS)
    return (
        "<div class='scroll' tabindex='0' role='region' aria-label='Table of the faces'><table class='faces'>"
        f"<caption>Each face, numbered as in the picture</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def detector_note(detector: Detector) -> str:
    """Return what judged the picture: detector, thresholds, face finder, and what the verdicts mean."""
    settings, finder = detector.settings, detector.face_finder.name
    low, high = escape(percent(settings.real_threshold)), escape(percent(settings.fake_threshold))
    listed = meanings(settings).items()
    items = "".join(f"<li><strong>{escape(name)}</strong>: {escape(text)}</li>" for name, text in listed)
    views = "The mean of the face and its mirror image is judged. " if settings.mirrored else ""
    return (
        f"<ul class='note'>{items}</ul><p class='note'>{UNSEEN}</p>"
        f"<p class='note'>Detector <code>{escape(detector.name)}</code>: real below {low}, fake above {high}. "
        f"{views}A picture gets the verdict of its most fake face, a clip that of its most fake person. "
        f"{FINDERS.get(finder, escape(finder))}</p>"
    )


def _panel(kind: str, mark: str, headline: str, finding: str, caveat: str) -> str:
    return (
        f"<div class='verdict {kind}'><h2><span class='mark' aria-hidden='true'>{mark}</span> {escape(headline)}</h2>"
        f"<p class='finding'>{escape(finding)}</p><p class='caveat'>{escape(caveat)}</p></div>"
    )
