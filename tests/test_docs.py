"""The pages of docs/ build into a site without a broken link or a name that is gone."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site."""
    pytest.importorskip("mkdocs", reason="the dev extra is not installed")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_reference_holds_the_docstrings(site):
    page = (site / "reference.html").read_text(encoding="utf-8")
    assert "Judge every face of a picture" in page
    assert "UnreadableImage" in page


def test_no_page_loads_anything_from_elsewhere(site):
    loaded = r'<(?:script|img|iframe)[^>]+src="(https?://[^"]+)|<link[^>]+rel="(?:stylesheet|preconnect)"[^>]+href="(http[^"]+)'
    pages = [path.read_text(encoding="utf-8") for path in site.rglob("*.html")]
    assert len(pages) > 8
    assert [found for page in pages for found in re.findall(loaded, page)] == []


@pytest.mark.parametrize(
    ("page", "words", "rate"),
    [
        ("reading_a_verdict.md", r"of real faces like the validation faces, at most 1 in (\d+)", "error_rate"),
        ("reading_a_verdict.md", r"of fakes like the validation fakes, at most 1 in (\d+)", "miss_rate"),
        ("faq.md", r"up to 1 in (\d+) does", "error_rate"),
    ],
)
def test_the_promise_in_words_is_that_of_the_shipped_detector(page, words, rate):
    (said,) = re.findall(words, (ROOT / "docs" / page).read_text(encoding="utf-8").replace("\n", " "))
    config = json.loads((ROOT / "src" / "unmask" / "default" / "config.json").read_text(encoding="utf-8"))
    assert int(said) == round(1 / config["unmask"][rate])


def test_every_decision_is_in_the_index():
    folder = ROOT / "docs" / "adr"
    listed = re.findall(r"\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert listed == sorted(path.name for path in folder.glob("0*.md"))
