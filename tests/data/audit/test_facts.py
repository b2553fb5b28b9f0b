"""What is measured of a file, and that no file, however broken, raises."""

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from unmask.data.audit.facts import read_facts, read_header_facts


@pytest.mark.parametrize("quality", [30, 50, 75, 90, 95])
def test_the_jpeg_quality_is_read_off_its_tables(save, tmp_path, quality):
    path = save(tmp_path / "a.jpg", 1, quality=quality)
    assert read_facts(str(path)).quality == pytest.approx(quality, abs=1)


def test_header_and_decoded_facts_agree(save, tmp_path):
    path = str(save(tmp_path / "a.jpg", 1, subsampling="4:2:0"))
    header, whole = read_header_facts(path), read_facts(path)
    for name in ("format", "mode", "width", "height", "file_bytes", "tables", "subsampling"):
        assert getattr(header, name) == getattr(whole, name)
    assert (whole.subsampling, len(whole.tables), header.brightness) == ("4:2:0", 128, None)


def test_brightness_and_contrast_are_those_of_the_grey_levels(tmp_path):
    halves = np.zeros((40, 40), np.uint8)
    halves[:, 20:] = 200
    Image.fromarray(halves).save(tmp_path / "a.png")
    facts = read_facts(str(tmp_path / "a.png"))
    assert (facts.brightness, facts.contrast) == (100, 100)


def test_the_digest_looks_past_the_file(draw, tmp_path):
    draw(1).save(tmp_path / "a.png")
    draw(1).save(tmp_path / "b.bmp")
    draw(2).save(tmp_path / "c.png")
    digests = [read_facts(str(tmp_path / name)).digest for name in ("a.png", "b.bmp", "c.png")]
    assert digests[0] == digests[1] != digests[2]


NO_COMPONENTS = bytes.fromhex("ffd8 ffe00010 4a46494600 0101 00 0001 0001 0000 ffc00008 08 0008 0008 03 ffda0008 ffd9")


@pytest.mark.parametrize("read", [read_facts, read_header_facts])
@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda path: None, "no such file|No such file"),
        (lambda path: path.write_bytes(b""), "empty"),
        (lambda path: path.mkdir(), "folder|regular"),
        (os.mkfifo, "regular"),  # opening a pipe would wait for ever
        (lambda path: path.write_text("hello"), "not a JPEG"),
        (lambda path: path.write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF\0"), "damaged"),
        (lambda path: path.write_bytes(NO_COMPONENTS), "damaged"),
    ],
    ids=["missing", "empty", "folder", "pipe", "text", "cut short", "three components and none described"],
)
def test_a_bad_file_gives_its_problem(tmp_path, read, make, why):
    path = tmp_path / "bad.jpg"
    make(path)
    problem = read(str(path)).problem
    assert any(part in problem for part in why.split("|"))
    assert "bad.jpg" not in problem


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(data=st.data())
def test_a_damaged_picture_never_raises(save, tmp_path, data):
    content = bytearray((tmp_path / "a.jpg").read_bytes() if (tmp_path / "a.jpg").exists() else b"")
    if not content:
        content = bytearray(save(tmp_path / "a.jpg", 1, 32).read_bytes())
    for _ in range(3):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.jpg"
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    for facts in (read_facts(str(path)), read_header_facts(str(path))):
        assert bool(facts.problem) != bool(facts.width)
