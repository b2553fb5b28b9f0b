"""Limits are where errors among decided faces begin to be too many, and a detector's folder comes to hold them."""

from __future__ import annotations

import dataclasses
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the train extra")

from unmask.detector import Detector
from unmask.detector_folder import CARD, TRAIN_CONFIG, check_folder
from unmask.schema import FAKE, REAL, Box, Limits, Verdict
from unmask.training.config import TrainConfig
from unmask.training.limits import LADDERS, Row, describe_rungs, error_rates, find_limits, worsen_faces


def rows_of(
    ladder: str, rung: float, wrong: int, *, label: int = FAKE, name: str = "faces", **measures: Any
) -> list[Row]:
    """Return twenty decided faces, so many of them judged wrongly."""
    verdicts: list[Verdict] = ["real" if (place < wrong) == (label == FAKE) else "fake" for place in range(20)]
    plain: dict[str, Any] = {"detail": 0.2, "blockiness": 1.0, "quality": int(rung)} | measures
    return [Row(ladder, rung, name, label, verdict, verdict, **plain) for verdict in verdicts]


@pytest.mark.parametrize(
    ("wrong_from", "least"),
    [
        (30, 35),  # errors begin at 30: the rung before it still holds
        (75, 90),  # at once
        (0, 5),  # never: the ladder's end
    ],
)
def test_the_limit_of_quality_is_the_last_rung_before_the_errors(wrong_from: float, least: int) -> None:
    rows = [row for rung in LADDERS["jpeg"].rungs for row in rows_of("jpeg", rung, 4 if rung <= wrong_from else 0)]
    assert find_limits(rows)["least_jpeg_quality"] == least


def test_a_few_errors_are_worth_a_mention() -> None:
    wrong = {40: 3, 35: 3, 30: 3, 25: 4}  # 15 % holds, 20 % does not
    rows = [row for rung in LADDERS["jpeg"].rungs for row in rows_of("jpeg", rung, wrong.get(int(rung), 0))]
    limits = find_limits(rows)
    assert (limits["least_jpeg_quality"], limits["little_jpeg_quality"]) == (30, 50)


def test_reals_called_fake_count_as_much_as_fakes_called_real() -> None:
    rows = [row for rung in LADDERS["size"].rungs for row in rows_of("size", rung, 9 * (rung < 64), label=REAL)]
    assert find_limits(rows)["smallest_face"] == 64


def test_detail_and_blocks_are_limited_by_what_they_measure_and_not_by_the_rung() -> None:
    details = [0.007 + 0.0125 * step for step in range(12)]  # one in each bin
    soft = [row for detail in details for row in rows_of("blur", 1, 9 * (detail < 0.06), detail=detail)]
    blocks = [
        row for strength in (1.25, 1.35) for row in rows_of("jpeg", 90, 9 * (strength > 1.3), blockiness=strength)
    ]
    limits = find_limits([*soft, *blocks])
    assert limits["least_detail"] == 0.0625  # the far edge of the last bin that held
    assert limits["most_blockiness"] == 1.3


def test_error_rates_are_means_over_data_sets_that_have_enough_of_a_class() -> None:
    rows = [*rows_of("", 0, 2), *rows_of("", 0, 6, name="others"), *rows_of("", 0, 1, label=REAL)]
    judged = [(row.name, row.label, row.verdict) for row in rows] + [("few", FAKE, "real")] * 19
    unsure = [(name, label, "uncertain") for name, label, _ in judged]
    assert error_rates([*judged, *unsure]) == (0.05, 0.2)
    assert error_rates(unsure) == (None, None)


def test_the_table_tells_verdicts_without_and_with_the_limits() -> None:
    others = [row for key, ladder in LADDERS.items() for rung in ladder.rungs for row in rows_of(key, rung, 0)]
    lost = [dataclasses.replace(row, said="uncertain") for row in rows_of("blur", 1, 18)]
    lines = describe_rungs([*rows_of("", 0, 0), *others, *lost])
    assert "| blur, pixels of 128 1 | – | 45 % | 100 % | – | 0 % | 50 % | 0.200 | 1.00 |" in lines


def test_the_limit_of_quality_is_what_nearly_all_files_of_its_rung_are_read_to_have() -> None:
    asked = {90: [90] * 20, 80: [*range(60, 80)], 75: [70] * 20}
    rows = [
        dataclasses.replace(row, quality=read)
        for rung, qualities in asked.items()
        for row, read in zip(rows_of("webp", rung, 9 * (rung < 80)), qualities, strict=True)
    ]
    assert find_limits(rows)["least_webp_quality"] == 60


@pytest.mark.parametrize(
    "rows",
    [
        rows_of("size", 64, 0)[:19],  # too few to say anything
        rows_of("size", 128, 9),  # the mildest rung does not hold
        rows_of("blur", 0.5, 9, detail=0.14),  # nor do sharp faces
    ],
    ids=["few", "first rung", "sharp"],
)
def test_what_has_no_rung_that_holds_has_no_limit(rows: list[Row]) -> None:
    assert not find_limits(rows).keys() & {"smallest_face", "least_detail"}


def test_beyond_a_rung_without_a_say_nothing_is_known() -> None:
    heard = {90: 20, 75: 19, 60: 20}
    rows = [row for rung, count in heard.items() for row in rows_of("jpeg", rung, 0)[:count]]
    assert find_limits(rows)["least_jpeg_quality"] == 90


def test_faces_are_worsened_as_the_ladders_say(tiny_detector: Path, drawn_data: Path) -> None:
    path = next(iter((drawn_data / "real").glob("*.png")))
    rows = worsen_faces(Detector(tiny_detector), [(str(path), Box(8, 8, 88, 88), REAL, "drawn")], progress=False)
    assert len(rows) == 1 + sum(len(ladder.rungs) for ladder in LADDERS.values())
    blurred = [row.detail for row in rows if row.ladder == "blur"]
    assert blurred == sorted(blurred, reverse=True)
    assert rows[0].detail > blurred[-1]
    crushed = [row.blockiness for row in rows if row.ladder == "jpeg"]
    assert crushed[-1] > 2 > crushed[0]


@pytest.fixture
def trained(tiny_detector: Path, tmp_path: Path) -> Path:
    """A detector that says how its run cut the data, with thresholds that tell the drawn fakes' pattern."""
    folder = Path(shutil.copytree(tiny_detector, tmp_path / "detector"))
    (folder / TRAIN_CONFIG).write_text(json.dumps(dataclasses.asdict(TrainConfig(validation_fraction=0.9))))
    config = json.loads((folder / "config.json").read_text())
    config["unmask"] |= {"real_threshold": 0.539, "fake_threshold": 0.539}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def test_a_face_below_a_limit_has_its_verdict_by_the_thresholds_alone(trained: Path, drawn_data: Path) -> None:
    path = next(iter((drawn_data / "real").glob("*.png")))
    rows = worsen_faces(Detector(trained), [(str(path), Box(8, 8, 88, 88), REAL, "drawn")], progress=False)
    small = [row for row in rows if row.ladder == "size" and row.rung < Limits().smallest_face]
    assert {row.said for row in small} == {"uncertain"}
    assert {row.verdict for row in small} <= {"real", "fake"}
    assert rows[0].said == rows[0].verdict


def test_the_command_measures_and_writes(trained: Path, drawn_data: Path) -> None:
    script = Path(__file__).parents[2] / "train/limits.py"
    command = [sys.executable, str(script), str(trained), "--data", str(drawn_data), "--workers", "1"]
    before = check_folder(trained).settings
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "| JPEG quality 90 |" in done.stdout
    assert check_folder(trained).settings == before  # asked for figures alone
    done = subprocess.run([*command, "--write"], capture_output=True, text=True, check=True)
    said = json.loads(done.stdout.split("limits: ")[1].splitlines()[0])
    assert Limits(**said) != Limits()
    assert json.loads((trained / "config.json").read_text())["unmask"]["limits"] == said
    assert check_folder(trained).settings == dataclasses.replace(before, limits=Limits(**said))
    assert f"smaller than {said['smallest_face']} pixels" in " ".join((trained / CARD).read_text().split())
    assert Detector(trained).predict_image(np.zeros((96, 96, 3), np.uint8)).verdict == "no_face"
