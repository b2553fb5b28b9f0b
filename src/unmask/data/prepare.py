"""Any data set of pictures or clips to a data set of face crops, in the Hub's `imagefolder` form.

images/<clip>/0000.png …   crops with a generous margin, for training to stray in
metadata.parquet           file_name, label, source_id, video_id, method, split, frame_time, left, top, right, bottom
prepared.json              how it was made, how much was read, and every file that gave a problem
"""

from __future__ import annotations

import functools
import hashlib
import io
import json
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from unmask.data.batch import run_batch
from unmask.data.face_crops import EDGES, ROWS_FILE, CropSettings, Unit, UnitResult, cut_unit, read_unit
from unmask.data.layouts import read_samples
from unmask.data.names import dataset_name
from unmask.errors import DataError
from unmask.files import write_json, write_whole
from unmask.media.video_bytes import is_clip
from unmask.schema import LABEL_NAMES, Sample

PICTURES_PER_UNIT = 64
REPORT = "prepared.json"
TABLE = "metadata.parquet"
# `datasets` takes these words in a path for a split and would tear the table from its pictures.
_SPLIT_WORD = re.compile(r"train|valid|val|dev|test|eval", re.IGNORECASE)


@dataclass(frozen=True)
class PrepareReport:
    """What a prepared data set holds and what was left out: counts by name, and each problem by file."""

    folder: Path
    counts: dict[str, int]
    problems: list[dict[str, str]]

    def summary(self) -> str:
        """Return the report in one or two lines for the terminal."""
        n = self.counts
        text = (
            f"{n['faces']} faces ({n['real']} real, {n['fake']} fake) of {n['files']} files in {self.folder}; "
            f"read {n['frames_read']} of {n['frames_wanted']} frames."
        )
        kinds = Counter(problem["problem"] for problem in self.problems)
        if kinds:
            listed = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in sorted(kinds.items()))
            text += f"\nFiles with a problem: {listed}. {self.folder / REPORT} lists them."
        return text


def prepare(
    root: Path | str, output: Path | str, settings: CropSettings, layout: str | None = None, processes: int = 2
) -> PrepareReport:
    """Write the face crops of a data set and return what became of each file.

    Of a clip `settings.frames` frames are taken evenly over its whole length, of each frame or picture the
    largest face, or the one whose box the data set gives. Stopped at any moment, the same call goes on
    where it was: finished clips are kept. Called again after files were added or changed it does those.
    Pictures over which a process died are done again one by one, so that only the one at fault is left out.

    Args:
        root: The data set, of any layout that `read_samples` knows.
        output: The prepared data set's folder.
        settings: Frames per clip, margin, file format and face model.
        layout: The layout's name; None has the folder recognised.
        processes: How many processes work at once.

    Raises:
        DataError: The data set or the folder cannot be used, or not one face was found.
    """
    root, output = Path(root), Path(output)
    if output.resolve().is_relative_to(root.resolve()):
        raise DataError(f"{output} lies inside the data set {root}. Choose a folder beside it.")
    units = make_units(root, read_samples(root, layout))
    made_how = {"data": dataset_name(root), **asdict(settings), "face_model": Path(settings.face_model).name or "haar"}
    _claim(output, made_how)
    images = output / "images"
    with tqdm(total=sum(len(unit.samples) for unit in units), desc="Cutting faces", unit="file") as bar:
        results = _cut_all(units, images, settings, processes, bar)
        for unit in [unit for unit in units if unit.name not in results and len(unit.samples) > 1]:
            singles = [_unit(root, (sample,)) for sample in unit.samples]
            results |= _cut_all(singles, images, settings, processes, bar)
            place = units.index(unit)
            units[place : place + 1] = singles
    return _finish(root, output, made_how, [(unit, results.get(unit.name) or _crashed(unit)) for unit in units])


def _cut_all(
    units: Sequence[Unit], images: Path, settings: CropSettings, processes: int, bar: tqdm[Any]
) -> dict[str, UnitResult]:
    """Return the result of each unit by its name, from its folder where it is finished; without those that crashed."""
    results = {unit.name: result for unit in units if (result := read_unit(images / unit.name))}
    bar.update(sum(len(unit.samples) for unit in units if unit.name in results))
    left = [unit for unit in units if unit.name not in results]
    for unit, result in run_batch(functools.partial(cut_unit, folder=images, settings=settings), left, processes):
        if result:
            results[unit.name] = result
        if result or len(unit.samples) == 1:
            bar.update(len(unit.samples))
    return results


def make_units(root: Path, samples: Sequence[Sample]) -> list[Unit]:
    """Return what is done at once: each clip by itself, pictures in handfuls.

    A unit is named after its clip and by a digest of what it is made of, so that a changed file is done anew.
    """
    pictures = [sample for sample in samples if not is_clip(sample.path)]
    groups: list[tuple[Sample, ...]] = [(sample,) for sample in samples if is_clip(sample.path)]
    groups += [tuple(pictures[i : i + PICTURES_PER_UNIT]) for i in range(0, len(pictures), PICTURES_PER_UNIT)]
    return [_unit(root, group) for group in groups]


def _unit(root: Path, group: tuple[Sample, ...]) -> Unit:
    return Unit(f"{_readable(group)}{_digest(root, group)}", group)


def _readable(group: Sequence[Sample]) -> str:
    """Return a clip's id as the start of a folder name; nothing where `datasets` would take it for a split."""
    name = "pictures" if not is_clip(group[0].path) else re.sub(r"[^A-Za-z0-9]+", "_", group[0].video_id)[-60:]
    return "" if _SPLIT_WORD.search(name) else f"{name.strip('_')}-"


def _digest(root: Path, group: Sequence[Sample]) -> str:
    digest = hashlib.sha256()
    for sample in group:
        status = Path(sample.path).stat()
        told = replace(sample, path=_short(root, sample.path))
        digest.update(repr((told, status.st_size, status.st_mtime_ns)).encode())
    return digest.hexdigest()[:12]


def _short(root: Path, path: str) -> str:
    """Return a path below the data set; of one elsewhere its name, so that no report shows the machine."""
    return Path(path).relative_to(root).as_posix() if Path(path).is_relative_to(root) else Path(path).name


def _claim(output: Path, made_how: dict[str, Any]) -> None:
    """Note how the folder is made, or check that it was begun in the same way."""
    report = output / REPORT
    if not report.exists():
        if output.exists() and any(output.iterdir()):
            raise DataError(f"{output} is not empty and was not begun by this command. Choose another folder.")
        write_json(report, {"settings": made_how})
    try:
        before = json.loads(report.read_text(encoding="utf-8"))["settings"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{report} is damaged. Delete {output} and start again.") from error
    changed = [f"{key} {before.get(key)}, not {value}" for key, value in made_how.items() if before.get(key) != value]
    if changed:
        raise DataError(f"{output} was begun with {'; '.join(changed)}. Choose another folder, or delete this one.")
    shutil.rmtree(output / ".aside", ignore_errors=True)


def _crashed(unit: Unit) -> UnitResult:
    """Return the result of a file over which its process died; nothing is kept, so a further run tries again."""
    problem = {"path": unit.samples[0].path, "problem": "crashed", "reason": "the process died over it"}
    return UnitResult([], [problem], 1, 0)


def _finish(
    root: Path, output: Path, made_how: dict[str, Any], results: Sequence[tuple[Unit, UnitResult]]
) -> PrepareReport:
    """Write the table and the report, and remove folders of files that changed since."""
    rows = [row for _, result in results for row in result.rows]
    if not rows:
        raise DataError(f"Not one face was found in {root}. Look at a few of its files; {output} keeps nothing.")
    labels = Counter(row["label"] for row in rows)
    counts = {
        "files": sum(len(unit.samples) for unit, _ in results),
        "faces": len(rows),
        **{name: labels[name] for name in LABEL_NAMES},
        "frames_wanted": sum(result.wanted for _, result in results),
        "frames_read": sum(result.read for _, result in results),
    }
    problems = [{**p, "path": _short(root, p["path"])} for _, result in results for p in result.problems]
    _remove_stale(output / "images", {unit.name for unit, _ in results})
    write_whole(output / TABLE, _parquet(rows))
    write_json(output / REPORT, {"settings": made_how, "counts": counts, "problems": problems})
    shutil.rmtree(output / ".aside", ignore_errors=True)
    return PrepareReport(output, counts, problems)


def _remove_stale(images: Path, current: set[str]) -> None:
    for folder in images.iterdir():
        if folder.name not in current and (folder / ROWS_FILE).is_file():
            shutil.rmtree(folder)


def _parquet(rows: Sequence[dict[str, Any]]) -> bytes:
    """Return the rows as a Parquet file."""
    import pyarrow
    import pyarrow.parquet

    words = ("file_name", "label", "source_id", "video_id", "method", "split")
    fields = [(name, pyarrow.string()) for name in words] + [("frame_time", pyarrow.float64())]
    schema = pyarrow.schema(fields + [(edge, pyarrow.int32()) for edge in EDGES])
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows), schema=schema), file)
    return file.getvalue()
