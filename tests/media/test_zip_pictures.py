"""Zips from outside: what is whole is read one by one, what is a trap is refused before it is unpacked."""

from __future__ import annotations

import contextlib
import io
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.errors import MediaError
from unmask.media import zip_pictures
from unmask.media.zip_pictures import is_zip, list_zip, read_zip


@pytest.fixture
def write_zip(tmp_path: Path) -> Callable[..., Path]:
    """Write a zip of names and bytes below tmp_path."""

    def write(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
        path = tmp_path / "pictures.zip"
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path

    return write


def read(path: Path) -> dict[str, bytes | str]:
    """Return each member's bytes or the text of its error."""
    return {name: str(content) if isinstance(content, MediaError) else content for name, content in read_zip(path)}


def test_members_come_in_their_order_and_hidden_ones_stay(write_zip):
    path = write_zip({"b.jpg": b"1", "folder/": b"", "folder/a.jpg": b"2", "__MACOSX/._b.jpg": b"x", ".DS_Store": b"x"})
    assert list(read(path).items()) == [("b.jpg", b"1"), ("folder/a.jpg", b"2")]


@pytest.mark.parametrize("name", ["../evil.jpg", "a/../../evil.jpg", "/etc/passwd", "C:/evil.jpg", "..\\evil.jpg"])
def test_a_name_that_leads_out_of_the_folder_is_refused(write_zip, name):
    answer = read(write_zip({name: b"x", "good.jpg": b"y"}))
    assert "leads out of the zip's folder" in str(answer[name])
    assert answer["good.jpg"] == b"y"


def test_a_member_without_a_name_is_refused_and_the_next_is_read(write_zip):
    path = write_zip({"x.jpg": b"x", "good.jpg": b"y"})
    path.write_bytes(path.read_bytes().replace(b"x.jpg", b"\0.jpg"))  # a name ends at its zero byte
    answer = read(path)
    assert "leads out of the zip's folder" in str(answer[""])
    assert answer["good.jpg"] == b"y"


@pytest.mark.parametrize("inner", ["inner.zip", "picture.jpg"])  # by its name, and by its first bytes
def test_a_zip_in_a_zip_is_not_opened(write_zip, inner):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a.jpg", b"x")
    assert "a zip inside a zip is not opened" in str(read(write_zip({inner: content.getvalue()}))[inner])


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_that_may_ask_for_gigabytes_is_refused(write_zip, method):
    assert "uncommon way" in str(read(write_zip({"a.jpg": b"x"}, method))["a.jpg"])


def test_an_encrypted_member_is_refused(write_zip):
    path = write_zip({"a.jpg": b"x"})
    data = bytearray(path.read_bytes())
    for start, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):  # the flag in both headers
        data[data.index(start) + offset] |= 1
    path.write_bytes(data)
    assert "encrypted" in str(read(path)["a.jpg"])


def test_a_damaged_member_is_one_error_and_the_others_are_read(write_zip):
    path = write_zip({"a.jpg": b"first", "b.jpg": b"second"}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"first", b"other"))
    answer = read(path)
    assert "it is damaged" in str(answer["a.jpg"])
    assert answer["b.jpg"] == b"second"


def test_too_many_entries_are_refused_before_their_list_is_read(write_zip, monkeypatch):
    path = write_zip({f"{number}.jpg": b"" for number in range(6)})
    monkeypatch.setattr(zip_pictures, "MAX_ENTRIES", 5)
    monkeypatch.setattr(zipfile, "ZipFile", None)  # would be called
    with pytest.raises(MediaError, match="more than 5 entries"):
        list_zip(path)


def as_64_bit(data: bytes, comment: int) -> bytes:
    """Return a zip whose true list is named by the 64-bit end record alone, with a comment of so many bytes."""
    place = data.rindex(b"PK\x05\x06")
    entries, size, start = struct.unpack("<2xHLL", data[place + 8 : place + 20])
    end_64 = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, size, start)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, place, 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 10, 10, comment)
    return data[:place] + end_64 + locator + end + b" " * comment


@pytest.mark.parametrize("comment", [0, 100, 2**16 - 21, 2**16 - 1])  # the last two push the locator far from the end
def test_a_64_bit_list_is_not_hidden_by_a_comment(write_zip, monkeypatch, comment):
    path = write_zip({f"{number}.jpg": b"" for number in range(6)})
    path.write_bytes(as_64_bit(path.read_bytes(), comment))
    monkeypatch.setattr(zip_pictures, "MAX_ENTRIES", 5)
    with pytest.raises(MediaError, match="more than 5 entries"):
        list_zip(path)


def test_an_end_record_that_lies_about_the_entries_does_not_help(write_zip, monkeypatch):
    path = write_zip({"n" * 200 + str(number): b"" for number in range(20)})
    data = bytearray(path.read_bytes())
    place = data.rindex(b"PK\x05\x06")
    data[place + 8 : place + 12] = struct.pack("<HH", 1, 1)
    path.write_bytes(data)
    monkeypatch.setattr(zip_pictures, "MAX_LIST_BYTES", 1000)
    with pytest.raises(MediaError, match="entries"):
        list_zip(path)


def test_what_unpacks_to_too_much_is_refused_unpacked(write_zip, monkeypatch):
    path = write_zip({"a.jpg": bytes(3 * 2**20), "b.jpg": bytes(3 * 2**20)})
    assert path.stat().st_size < 20_000
    monkeypatch.setattr(zip_pictures, "MAX_UNPACKED_BYTES", 5 * 2**20)
    with pytest.raises(MediaError, match="unpacks to more than 5 MiB"):
        list_zip(path)


def test_a_member_that_unpacks_to_too_much_is_refused_and_the_next_is_read(write_zip, monkeypatch):
    monkeypatch.setattr(zip_pictures, "MAX_FILE_BYTES", 2**20)
    answer = read(write_zip({"bomb.jpg": bytes(3 * 2**20), "good.jpg": b"x"}))
    assert "unpacks to more than 1 MiB" in str(answer["bomb.jpg"])
    assert answer["good.jpg"] == b"x"


def test_a_member_larger_than_it_claims_is_damage_and_costs_no_memory(write_zip):
    path = write_zip({"bomb.jpg": bytes(30 * 2**20)})
    data = bytearray(path.read_bytes())
    for start, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = data.index(start) + offset
        data[place : place + 4] = struct.pack("<L", 100)
    path.write_bytes(data)
    tracemalloc.start()
    answer = read(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "it is damaged" in str(answer["bomb.jpg"])
    assert peak < 5 * 2**20


def test_one_member_is_in_memory_at_a_time(write_zip):
    path = write_zip({f"{number}.jpg": bytes([number]) * 2**20 for number in range(12)})
    tracemalloc.start()
    count = sum(1 for _ in read_zip(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 12
    assert peak < 6 * 2**20


def test_a_zip_that_is_too_large_is_refused(write_zip, monkeypatch):
    monkeypatch.setattr(zip_pictures, "MAX_ZIP_BYTES", 2**20)
    path = write_zip({"a.jpg": bytes(2**21)}, zipfile.ZIP_STORED)
    with pytest.raises(MediaError, match="larger than 1 MiB"):
        list_zip(path)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "not a whole zip"),
        (b"PK\x03\x04 cut short", "not a whole zip"),
        (b"PK\x05\x06" + bytes(18), "no file in it"),  # an empty zip
        (b"PK\x05\x06" + b"\xff" * 18, "entries"),  # a 64-bit zip says so like this
    ],
)
def test_what_is_no_zip_of_files_is_one_line(tmp_path, content, told):
    (tmp_path / "odd.zip").write_bytes(content)
    with pytest.raises(MediaError, match=told):
        list_zip(tmp_path / "odd.zip")


@given(cut=st.integers(0, 250), flips=st.lists(st.tuples(st.integers(0, 250), st.integers(1, 255)), max_size=6))
def test_whatever_the_bytes_each_outcome_is_bytes_or_a_media_error(tmp_path_factory, cut, flips):
    path = tmp_path_factory.mktemp("zip") / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.jpg", b"some bytes " * 9)
        archive.writestr("b.jpg", b"more bytes")
    data = bytearray(path.read_bytes())
    for place, flip in flips:
        data[place % len(data)] ^= flip
    path.write_bytes(data[: len(data) - cut % len(data)] if cut > 200 else data)
    with contextlib.suppress(MediaError):  # and nothing else
        for name, content in read_zip(path):
            assert name.isprintable()
            assert isinstance(content, bytes | MediaError)


def test_a_zip_is_known_by_its_name_and_by_its_start(write_zip, tmp_path):
    path = write_zip({"a.jpg": b"x"})
    assert is_zip(path)
    assert is_zip(path.rename(tmp_path / "pictures.jpg"))
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8")
    assert not is_zip(tmp_path / "a.jpg")
