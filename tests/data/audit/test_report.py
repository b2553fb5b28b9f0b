"""The command line and its files: exit codes, JSON, Markdown, figures."""

import json
import shutil
import subprocess
import sys

import pytest
from PIL import Image

from unmask.data.audit.__main__ import CLEAN, SERIOUS, WRONG_USAGE, main


@pytest.fixture
def leaky(clean):
    """The clean set with a label conflict in it."""
    shutil.copy(clean / "train/fake/fake3.jpg", clean / "train/real/same.jpg")
    return clean


def _main(*words):
    return main([*map(str, words), "--processes", "1"])


def test_report_json_page_and_figures_are_written_whole(leaky, tmp_path):
    assert _main(leaky, "--output", tmp_path / "out") == SERIOUS
    report = json.loads((tmp_path / "out/audit.json").read_text())
    page = (tmp_path / "out/audit.md").read_text()
    assert [f["kind"] for f in report["findings"]] == ["exact_other_label"]
    assert report["findings"][0]["examples"] == ["faces/train/fake/fake3.jpg = faces/train/real/same.jpg"]
    assert report["duplicates"] == {"exact_other_label": {"pairs": 1, "pictures": 2}}
    assert sum(row["pictures"] for row in report["balance"]) == 49
    figures = {path.name for path in (tmp_path / "out").glob("*.png")}
    assert figures == {"balance.png", "shortcuts.png", "features-faces.png", "pairs.png"}
    assert all(Image.open(tmp_path / "out" / name).width > 300 and f"({name})" in page for name in figures)
    assert str(tmp_path) not in page + json.dumps(report)


def test_clean_data_ends_with_0(clean, capsys):
    assert _main(clean) == CLEAN
    assert "48 files" in capsys.readouterr().out


@pytest.mark.parametrize("flag", ["--fast", None])
def test_json_goes_to_standard_output_alone(leaky, capsys, flag):
    assert _main(leaky, "--json", *([flag] if flag else [])) == SERIOUS
    findings = json.loads(capsys.readouterr().out)["findings"]
    assert [finding["level"] for finding in findings] == ["serious"]


@pytest.mark.parametrize("flags", [["--json"], ["--json", "--fast"], []])
def test_a_reader_that_goes_away_ends_it_quietly(leaky, flags):
    command = [sys.executable, "-m", "unmask.data.audit", str(leaky), "--processes", "1", *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 141


def test_the_fast_audit_refuses_a_report_in_place_of_writing_none(clean, tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        _main(clean, "--fast", "--output", str(tmp_path / "out"))
    assert stop.value.code == WRONG_USAGE
    assert "--fast writes no report" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Name a data folder"),
        (("nowhere",), "no data folder at nowhere"),
    ],
)
def test_what_cannot_be_audited_ends_with_2_and_a_line(capsys, words, message):
    assert _main(*words) == WRONG_USAGE
    assert message in capsys.readouterr().err


def test_a_folder_of_reals_joins_when_named(clean, tmp_path, save, capsys):
    for number in range(3):
        save(tmp_path / "portraits" / f"{number}.jpg", 500 + number)
    assert _main(clean, "--real-only", tmp_path / "portraits") == CLEAN
    assert "portraits: it has 3 real pictures and no fake one." in capsys.readouterr().out
