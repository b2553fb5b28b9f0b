"""The model card of a detector: `model_card.md` filled from its config.json and report.json."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from string import Template
from typing import Any

from unmask.calibration import describe_promise
from unmask.card_measurements import render_measurements
from unmask.card_training import render_cost, render_repeat
from unmask.detector_folder import REPORT, TRAIN_CONFIG, DetectorConfig, read_config, read_json
from unmask.errors import BrokenDetector, UnmaskError
from unmask.schema import DetectorSettings

TEMPLATE = "model_card.md"
TAGS = ("unmask", "deepfake-detection", "deepfake", "face-forgery", "onnx")
INDEXED_METRICS = {  # report.json's name -> the Hub's metric id and the name that people read
    "auc": ("roc_auc", "AUC"),
    "accuracy": ("accuracy", "Accuracy"),
    "f1": ("f1", "F1"),
    "precision": ("precision", "Precision"),
    "recall": ("recall", "Recall"),
    "average_precision": ("average_precision", "Average precision"),
    "eer": ("eer", "Equal error rate"),
}
HUB_LICENCES = re.compile(  # those the Hub takes as they are; any other is given as `other` with its name
    r"apache-2\.0|mit|bsd-[23]-clause|cc0-1\.0|cc-by(-nc)?(-sa|-nd)?-4\.0|[al]?gpl-3\.0|mpl-2\.0|openrail|other"
)
VIEWS_NOTE = (
    "\nUnmask judges the mean of two views, the crop and its mirror image, and the thresholds below belong to that "
    "mean.\nThe stock libraries give the one view that they are given, as the pipeline of transformers does; the other "
    "snippets\nshow the mean, too.\n"
)
VIEWS_TIMM = """
batch = transform(face_crop).unsqueeze(0)                # both views, as Unmask does
real, fake = ((model(batch) + model(batch.flip(3))) / 2).softmax(-1)[0].tolist()"""
VIEWS_ONNX = """
views = np.concatenate([batch, batch[..., ::-1]])        # both views, as Unmask does
logits = session.run(["logits"], {session.get_inputs()[0].name: views})[0].mean(axis=0)
real, fake = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()"""
FACE_FINDERS = {"haar": "OpenCV's Haar cascades (`haar`)", "yunet": "YuNet (`yunet`)"}
HAAR_NOTE = (
    " Unmask takes YuNet where it is at hand, which finds faces in more pictures and boxes them a little otherwise: "
    "figures with it differ somewhat."
)
KNOWN_SOURCES = {  # a word in the name of a training set -> what stands behind it, and on which terms
    r"ffpp|faceforensics|ff\+\+": "FaceForensics++: research only, by the terms its users sign",
    r"dfdc": "Deepfake Detection Challenge (DFDC): research, by the terms of the challenge",
    r"stylegan|140k|ffhq": "FFHQ photographs (CC BY-NC-SA 4.0) and StyleGAN portraits made from them",
    r"celeba": "CelebA: non-commercial research only",
}


def render_card(folder: Path, repo_id: str | None = None, revision: str | None = None, space: str | None = None) -> str:
    """Return the text of the model card of a detector folder: metadata block and prose.

    Args:
        folder: The detector folder; its `report.json` may be missing (then the card says so).
        repo_id: The Hub repository that the snippets load from; without it, a placeholder.
        revision: The tag that the snippets load.
        space: The Space that shows this detector (`user/name`), to be linked.

    Raises:
        BrokenDetector: `config.json` or `report.json` is missing, damaged or not of this format.
    """
    import yaml  # here, for the predict path imports this module and writes no card

    folder = Path(folder)
    config = read_config(folder)
    report = read_report(folder)
    metadata = yaml.safe_dump(card_metadata(config.settings, report), sort_keys=False, allow_unicode=True, width=1000)
    fields = _fields(config, report, repo_id or f"USER/{config.settings.name}", revision)
    record = read_json(folder / TRAIN_CONFIG) if (folder / TRAIN_CONFIG).is_file() else {}
    fields |= {"repeat": render_repeat(record, report), "cost": render_cost(record)}
    fields |= render_measurements(report, folder)
    fields["demo"] = f"Try it in the browser: [{space}](https://huggingface.co/spaces/{space}).\n\n" if space else ""
    return Template(_template()).substitute(fields, metadata=metadata.strip())


def read_report(folder: Path) -> dict[str, Any]:
    """Return report.json as it stands, or an empty report where the folder has none yet.

    Raises:
        BrokenDetector: It is not JSON, or not a report of this format.
    """
    path = Path(folder) / REPORT
    if not path.is_file():
        return {"datasets": []}
    report = read_json(path)
    try:
        if report["format_version"] != 1:
            raise ValueError(f"format_version {report['format_version']}")
        for entry in report["datasets"]:
            _ = entry["name"], entry["metrics"].items(), entry["counts"]["total"]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenDetector(f"{path} is no report of format 1 ({error}). Score the detector again.") from error
    return report


def card_metadata(settings: DetectorSettings, report: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata block of the card, in the Hub's own keys."""
    entries = report["datasets"]
    measured = [key for key in INDEXED_METRICS if any(_value(entry, key) is not None for entry in entries)]
    metadata: dict[str, Any] = {
        **_licence_keys(settings.license),
        "library_name": "timm",
        "pipeline_tag": "image-classification",
        "tags": list(TAGS),
        "datasets": sorted({hub_slug(name) for name in settings.trained_on}),
        "metrics": [INDEXED_METRICS[key][0] for key in measured],
    }
    results = [result for entry in entries if (result := _indexed_result(entry))]
    if results:
        metadata["model-index"] = [{"name": settings.name, "results": results}]
    return {key: value for key, value in metadata.items() if value}


def hub_slug(name: str) -> str:
    """Return a data set's name in the characters that the Hub accepts: "FF++ c23" gives "ff-c23"."""
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-.")


def _licence_keys(licence: str) -> dict[str, str]:
    if HUB_LICENCES.fullmatch(licence.lower()):
        return {"license": licence.lower()}
    return {"license": "other", "license_name": hub_slug(licence)}


def _indexed_result(entry: dict[str, Any]) -> dict[str, Any] | None:
    """Return one data set's scores in the form of the Hub's model-index, None where nothing was measured."""
    metrics = [
        {"type": hub_id, "value": round(value, 4), "name": name}
        for key, (hub_id, name) in INDEXED_METRICS.items()
        if (value := _value(entry, key)) is not None
    ]
    dataset = {"type": hub_slug(entry["name"]), "name": entry["name"]}
    if entry.get("split"):
        dataset["split"] = entry["split"]
    task = {"type": "image-classification", "name": "Face deepfake detection"}
    return {"task": task, "dataset": dataset, "metrics": metrics} if metrics else None


def _value(entry: dict[str, Any], metric: str) -> float | None:
    value = entry["metrics"].get(metric)
    return None if value is None else float(value)


def _fields(config: DetectorConfig, report: dict[str, Any], hub_id: str, tag: str | None) -> dict[str, str]:
    """Return every field of the template that comes from config.json or the scores."""
    settings, spec = config.settings, config.input_spec
    arguments = f'"{hub_id}"' + (f', revision="{tag}"' if tag else "")
    return {
        "name": settings.name,
        "architecture": config.architecture,
        "size": str(spec.size),
        "pillow_filter": spec.interpolation.upper(),
        "mean": str(list(spec.mean)),
        "std": str(list(spec.std)),
        "margin": f"{settings.crop_margin:.0%}",
        "hub_id": hub_id,
        "load_arguments": arguments,
        "trained_on": ", ".join(settings.trained_on) or "not stated",
        "calibrated_on": settings.calibrated_on or "not calibrated",
        "licence": _licence_note(settings),
        "scores": "\n\n".join(filter(None, [render_scores(report), describe_scoring(report)])),
        "real_threshold": f"{settings.real_threshold:.3f}",
        "fake_threshold": f"{settings.fake_threshold:.3f}",
        "temperature": f"{settings.temperature:.3f}",
        "promise": _promise(settings),
        "novelty": _novelty_note(settings),
        "smallest_face": str(settings.limits.smallest_face),
        "least_jpeg_quality": str(settings.limits.least_jpeg_quality),
        "least_webp_quality": str(settings.limits.least_webp_quality),
        "views_note": VIEWS_NOTE if settings.mirrored else "",
        "views_timm": VIEWS_TIMM if settings.mirrored else "",
        "views_onnx": VIEWS_ONNX if settings.mirrored else "",
        "year": str(report.get("date", ""))[:4] or str(date.today().year),
    }


def _promise(settings: DetectorSettings) -> str:
    promise = describe_promise(settings)
    return f" They promise: {promise}." if promise else ""


def _novelty_note(settings: DetectorSettings) -> str:
    if settings.novelty_limit is None:
        return ""
    return (
        f" A face whose `novelty`, an output of `model.onnx`, is above {settings.novelty_limit:.3f} is unlike all "
        "validation faces but one in a hundred, or looks drawn, and is `uncertain` whatever its probability."
    )


def _licence_note(settings: DetectorSettings) -> str:
    """Return what may be done with the weights, and which terms of the training data they inherit."""
    lines = [f"The weights are published under `{settings.license}`; Unmask's code is Apache-2.0."]
    if "-nc" in settings.license.lower():
        lines.append("They may not be used commercially, because the pictures they learned from may not:")
    names = " ".join(settings.trained_on).lower()
    sources = [f"- {terms}." for pattern, terms in KNOWN_SOURCES.items() if re.search(pattern, names)]
    return " ".join(lines) + ("\n\n" + "\n".join(sources) if sources else "")


def render_scores(report: dict[str, Any]) -> str:
    """Return the table of scores, with what could not be scored; one row a data set."""
    if not report["datasets"]:
        return "Not scored yet. `python train/score.py` writes the scores."
    head = (
        "| data set | seen in training | pictures | no face | unreadable | AUC | accuracy | EER "
        "| real called fake | fake called real | uncertain |"
    )
    rows = [head, "|---|---|" + "--:|" * 9, *(_row(entry) for entry in report["datasets"])]
    note = (
        "Accuracy counts a face as fake from a probability of 0.5; the last three columns use the thresholds "
        "below and count every picture that could be read, also without a face. “Seen in training” is yes "
        "where the detector learned from the training pictures of that data set."
    )
    return "\n".join(rows) + "\n\n" + note


def describe_scoring(report: dict[str, Any]) -> str:
    """Return a sentence on who was scored when, with whose faces, and on how many pictures; empty without a score."""
    entries = report["datasets"]
    if not entries:
        return ""
    total, missed, unreadable = (
        sum(entry["counts"].get(key, 0) for entry in entries) for key in ("total", "no_face", "unreadable")
    )
    finders = sorted({entry["face_finder"] for entry in entries if entry.get("face_finder")})
    found = f", faces found by {' and '.join(FACE_FINDERS.get(name, name) for name in finders)}" if finders else ""
    return (
        f"Detector `{report.get('detector', 'not named')}`, scored on {report.get('date', 'a day not stated')}{found}: "
        f"{total - missed - unreadable:,} of {total:,} pictures have a score, {missed:,} no face that was found, and "
        f"{unreadable:,} could not be read." + (HAAR_NOTE if "haar" in finders else "")
    )


def _row(entry: dict[str, Any]) -> str:
    counts = entry["counts"]
    name = entry["name"] + (f" ({entry['split']})" if entry.get("split") else "")
    scores = [_value(entry, key) for key in ("auc", "accuracy", "eer")]
    cells = [
        name,
        "yes" if entry.get("seen_in_training") else "no",
        f"{counts['total']:,}"
        + (f" of {counts['available']:,}" if _is_part(counts) else "")
        + (" clips" if entry.get("level") == "video" else ""),
        *(f"{counts.get(key, 0):,}" for key in ("no_face", "unreadable")),
        *("–" if score is None else f"{score:.3f}" for score in scores),
        *_verdict_shares(entry.get("verdicts", {})),
    ]
    return "| " + " | ".join(cells) + " |"


def _is_part(counts: dict[str, int]) -> bool:
    """Return whether only some of the data set's pictures were scored."""
    return counts.get("available", 0) > counts["total"]


def _verdict_shares(verdicts: dict[str, dict[str, int]]) -> list[str]:
    """Return in per cent: real pictures called fake, fake ones called real, and all that stay uncertain."""

    def share(labels: tuple[str, ...], verdict: str) -> str:
        total = sum(sum(verdicts.get(label, {}).values()) for label in labels)
        found = sum(verdicts.get(label, {}).get(verdict, 0) for label in labels)
        return f"{100 * found / total:.1f} %" if total else "–"

    return [share(("real",), "fake"), share(("fake",), "real"), share(("real", "fake"), "uncertain")]


def _template() -> str:
    """Return model_card.md: beside this module in an installed package, at the top of a clone."""
    here = Path(__file__).resolve()
    for place in (here.parent, here.parents[2]):
        if (place / TEMPLATE).is_file():
            return (place / TEMPLATE).read_text(encoding="utf-8")
    raise UnmaskError(f"{TEMPLATE} is missing from this installation of Unmask. Install it again.")
