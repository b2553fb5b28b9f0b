"""One HTML file that asks nothing of a network and runs no script, whatever a data set is called."""

import base64
import re

from unmask.evaluation.suite_page import render_html

PNG = b"\x89PNG not really"


def test_figures_are_inside_and_nothing_is_fetched():
    page = render_html(
        "# Title\n\n## Part\n\n![a figure](a.png)\n\n| a | b |\n| --- | ---: |\n| 1 | 2 |", {"a.png": PNG}, "T"
    )
    assert f'<img src="data:image/png;base64,{base64.b64encode(PNG).decode()}" alt="a figure"' in page
    assert not re.findall(r"(?:src|href)=\"(?!data:|#)", page)
    assert "url(" not in page
    assert "@import" not in page
    assert '<div class="table" tabindex="0"><table>' in page
    assert '<a href="#part-1">Part</a>' in page
    assert 'name="viewport"' in page
    assert "prefers-color-scheme: dark" in page


def test_markup_in_a_name_stays_text():
    page = render_html("# <script>alert(1)</script>", {}, "</title><script>")
    assert "<script" not in page


def test_a_figure_that_is_not_there_keeps_no_address():
    assert "http" not in render_html("![x](https://example.org/x.png)", {}, "T")
