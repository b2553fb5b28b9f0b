"""Which wrong verdicts a report lists, and what it compares them with."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from unmask.evaluation.looks import Look
from unmask.evaluation.scoring import ImageScore
from unmask.evaluation.sections.failures import choose_surest, describe_kind, draw_sheet

GREY = np.full((112, 112, 3), 90, np.uint8)


def look(face):
    return Look(256, 256, face, 0.1, "", 0.5, False, False, None, None, GREY)


def row(file, label, score, verdict, source=None, method="unknown"):
    return ImageScore(file, label, score, verdict, source or file, method)


def data_of(*rows):
    """Return what a section gets of one data set; each picture's path is its file's name."""
    return SimpleNamespace(
        name="faces",
        scores=[SimpleNamespace(rows=rows)],
        samples=[SimpleNamespace(path=each.file) for each in rows],
    )


@pytest.mark.parametrize(
    ("rows", "files"),
    [
        # reals that are called fake: the highest probability first
        ([row("a", 0, 0.92, "fake"), row("b", 0, 0.99, "fake")], ["b", "a"]),
        # fakes that are called real: the lowest first
        ([row("a", 1, 0.10, "real"), row("b", 1, 0.01, "real")], ["b", "a"]),
        # of two frames of one clip the surer one
        ([row("a", 1, 0.1, "real", "s"), row("b", 1, 0.01, "real", "s"), row("c", 1, 0.05, "real")], ["b", "c"]),
        # no more than asked for
        ([row(str(n), 0, 0.9, "fake") for n in range(5)], ["0", "1", "2"]),
    ],
)
def test_the_surest_come_first_one_of_each_source(rows, files):
    assert [chosen.file for chosen, _ in choose_surest([(each, each.file) for each in rows], 3)] == files


def test_a_kind_is_compared_with_its_own_class_alone():
    wrong = [row(f"w{n}", 1, 0.1, "real", method="FaceSwap") for n in range(6)]
    right = [row(f"r{n}", 1, 0.9, "fake") for n in range(7)]
    others = [row("u", 1, 0.5, "uncertain"), row("n", 1, None, "no_face"), row("o", 0, 0.1, "real")]
    sides = {"w": 40, "r": 200}
    content, looks = describe_kind(
        data_of(*wrong, *others, *right), "fake_called_real", 2, 100, lambda path: look(sides[path[0]]), False
    )
    assert (content["wrong"]["pictures"], content["right"]["pictures"]) == (6, 7)
    assert (content["wrong"]["face"], content["right"]["face"]) == (40.0, 200.0)
    assert [each["file"] for each in content["surest"]] == ["w0", "w1"]
    assert content["surest"][0]["method"] == "FaceSwap"
    assert content["surest"][0]["look"].startswith("256×256 px, face 40 px")
    assert len(looks) == 2


def test_no_more_pictures_are_measured_than_asked_for():
    asked = []
    rows = [row(str(n), 0, 0.1, "real") for n in range(50)]
    content, _ = describe_kind(data_of(*rows), "real_called_fake", 5, 10, lambda path: asked.append(path), False)
    assert len(asked) == 10
    assert content["right"] == {"pictures": 50, "face": None, "detail": None, "brightness": None, "jpeg_quality": None}
    assert content["surest"] == []


def test_the_sheet_has_a_line_for_each_kind_that_has_pictures():
    one = Image.open(io.BytesIO(draw_sheet([("a", [look(9)] * 3), ("b", [])])))
    both = Image.open(io.BytesIO(draw_sheet([("a", [look(9)] * 3), ("b", [look(9)])])))
    assert both.width == one.width > 3 * 112
    assert both.height > one.height + 112
    assert (np.asarray(one) == 90).all(axis=2).sum() >= 3 * 112 * 112


@pytest.mark.parametrize(
    ("wrong", "method"),
    [
        (row("a", 1, 0.1, "real", method="FaceSwap"), "FaceSwap"),
        # a data set that names none
        (row("a", 1, 0.1, "real"), ""),
        # a real picture has no method, whatever its folder is called
        (row("a", 0, 0.9, "fake", method="youtube"), ""),
    ],
)
def test_a_forgerys_method_is_named_where_it_is_known(wrong, method):
    kind = "fake_called_real" if wrong.label else "real_called_fake"
    content, _ = describe_kind(data_of(wrong), kind, 5, 10, lambda path: None, False)
    assert content["surest"] == [
        {"file": "a", "method": method, "fake_probability": wrong.fake_probability, "look": ""}
    ]
