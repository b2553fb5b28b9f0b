"""Content Credentials of files that are signed here: trusted, only valid, broken, kept elsewhere, or none."""

from __future__ import annotations

import functools
import http.server
import io
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from PIL import Image

from unmask.errors import UnmaskError, UnreadableImage, UnreadableVideo
from unmask.media.provenance import ContentCredentials, Provenance, read_provenance

from .conftest import BY_AI, Authority, make_authority

pillow_heif.register_heif_opener()  # so that the tests can write HEIC

GENERATED = [{"action": "c2pa.created", "digitalSourceType": BY_AI}, {"action": "c2pa.color_adjustments"}]
Encode = Callable[..., bytes]


def flip(data: bytes, position: int) -> bytes:
    """Return the bytes with one of them turned over."""
    return data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]


def words(provenance: Provenance) -> str:
    return " ".join(provenance.sentences())


@pytest.fixture
def signed(authority: Authority, encoded: Encode) -> bytes:
    """A JPEG that its signer calls made by AI."""
    return authority.sign(encoded("JPEG"), "image/jpeg", GENERATED)


@pytest.mark.usefixtures("trusted")
def test_a_signer_behind_whom_the_trust_list_stands_is_trusted(signed: bytes) -> None:
    found = read_provenance(signed)
    assert found.credentials == ContentCredentials(
        "trusted",
        signer="Ada (Press Ltd)",
        tool="Painter 2",
        actions=("c2pa.created", "c2pa.color_adjustments"),
        source_types=("trainedAlgorithmicMedia",),
        trust_list=True,
    )
    assert found.declares_ai == "trusted"
    assert found.sentences() == [
        "It carries Content Credentials and has not changed since they were signed by Ada (Press Ltd).",
        "A certificate of the trust list stands behind that signer.",
        "The signer declares that it was made by a generative model.",
        "Listed as done: created, color adjustments.",
        "Written by Painter 2.",
    ]


@pytest.mark.usefixtures("trusted")
def test_a_signer_of_the_same_name_who_is_not_on_the_trust_list_is_only_valid(encoded: Encode) -> None:
    forger = make_authority("Ada")
    found = read_provenance(forger.sign(encoded("JPEG"), "image/jpeg", GENERATED))
    assert found.credentials.status == "valid"
    assert found.declares_ai == "untrusted"
    assert "in the name of Ada (Press Ltd)" in words(found)
    assert "No certificate of the trust list stands behind that signer, and anyone can make" in words(found)


def test_without_a_trust_list_nobody_is_trusted(signed: bytes) -> None:
    found = read_provenance(signed)
    assert (found.credentials.status, found.credentials.trust_list) == ("valid", False)
    assert "There is no trust list to look that signer up in, and anyone can make" in words(found)


@pytest.mark.usefixtures("trusted")
def test_a_pixel_changed_after_signing_breaks_them(signed: bytes) -> None:
    found = read_provenance(flip(signed, len(signed) - 20))
    assert found.credentials.status == "broken"
    assert found.credentials.problems == ("assertion.dataHash.mismatch",)
    assert found.declares_ai == "untrusted"
    assert "do not hold: the file was changed after it was signed" in words(found)
    assert "worth no more than metadata" in words(found)


@pytest.mark.usefixtures("trusted")
def test_a_statement_changed_after_signing_breaks_them(signed: bytes) -> None:
    found = read_provenance(signed.replace(b"color_adjustments", b"c0lor_adjustments"))
    assert found.credentials.status == "broken"
    assert "were altered or break the rules of C2PA (assertion.hashedURI.mismatch)" in words(found)


def test_credentials_cut_off_in_the_middle_are_broken(signed: bytes, encoded: Encode) -> None:
    start = signed.index(b"c2pa.claim")
    found = read_provenance(signed[:start] + b"\0" * 40 + signed[start + 40 :])
    assert found.credentials.status == "broken"
    assert "an unnamed signer" in words(found)


@pytest.mark.parametrize(
    ("problems", "said"),
    [
        (("assertion.bmffHash.mismatch", "claimSignature.mismatch"), "changed after it was signed"),
        (("signingCredential.expired",), "certificate has expired"),
        (("signingCredential.revoked",), "certificate was revoked"),
        (("claimSignature.mismatch", "signingCredential.expired"), r"were altered .* \(claimSignature.mismatch\)"),
        ((), "no reason is given"),
    ],
)
def test_each_kind_of_damage_has_its_words(problems: tuple[str, ...], said: str) -> None:
    found = Provenance(ContentCredentials("broken", signer="Ada", problems=problems))
    assert re.search(f"in the name of Ada, do not hold: .*{said}", words(found))


def test_a_picture_without_any_proves_nothing(encoded: Encode) -> None:
    found = read_provenance(encoded("JPEG"))
    assert found == Provenance(ContentCredentials("absent"))
    assert found.findings() == []
    assert "carries no Content Credentials" in words(found)
    assert "proves nothing" in words(found)


@pytest.mark.parametrize(
    ("kind", "mime"),
    [("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp"), ("GIF", "gif"), ("AVIF", "avif"), ("HEIF", "heic")],
)
def test_every_format_that_can_hold_them_is_read(kind: str, mime: str, authority: Authority, encoded: Encode) -> None:
    plain = encoded(kind)
    assert read_provenance(plain).credentials.status == "absent"
    assert read_provenance(authority.sign(plain, f"image/{mime}")).credentials.status == "valid"


def test_what_a_picture_was_made_from_is_told_apart_from_the_picture(authority: Authority, encoded: Encode) -> None:
    parent = authority.sign(encoded("PNG"), "image/png", GENERATED)
    edited = authority.sign(encoded("PNG"), "image/png", [], parent=parent)
    found = read_provenance(edited)
    assert found.credentials.ingredient_source_types == ("trainedAlgorithmicMedia",)
    assert found.credentials.source_types == ()
    assert found.declares_ai == "untrusted"
    assert "that something it was made from was made by a generative model" in words(found)


@pytest.mark.parametrize(
    ("term", "said", "by_ai"),
    [
        ("compositeWithTrainedAlgorithmicMedia", "was edited with a generative model", True),
        ("digitalCapture", "was taken with a digital camera", False),
        ("somethingNew", "is of the source type somethingNew", False),
    ],
)
def test_source_types_are_put_into_words(
    term: str, said: str, by_ai: bool, authority: Authority, encoded: Encode
) -> None:
    address = f"http://cv.iptc.org/newscodes/digitalsourcetype/{term}"
    actions = [{"action": "c2pa.created", "digitalSourceType": address}]
    found = read_provenance(authority.sign(encoded("PNG"), "image/png", actions))
    assert f"They declare that it {said}" in words(found)
    assert (found.declares_ai is not None) == by_ai


def test_what_the_signer_wrote_stays_on_one_line(authority: Authority, encoded: Encode) -> None:
    tool = "Paint\n\x1b[31m\u202e" + 500 * "x"
    found = read_provenance(authority.sign(encoded("PNG"), "image/png", tool=tool))
    assert found.credentials.tool is not None
    assert found.credentials.tool.isprintable()
    assert len(found.credentials.tool) < 150


# --- the network ---------------------------------------------------------------------------------------


@pytest.fixture
def visits() -> Iterator[tuple[str, list[str]]]:
    """The address of a server on this machine, and the paths that it was asked for."""
    seen: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/m.c2pa", seen
        server.shutdown()


def test_credentials_that_are_kept_elsewhere_are_named_and_not_fetched(
    visits: tuple[str, list[str]], authority: Authority, encoded: Encode
) -> None:
    address, seen = visits
    found = read_provenance(authority.sign(encoded("JPEG"), "image/jpeg", address=address))
    assert found.credentials == ContentCredentials("remote", address=address)
    assert f"kept at {address}. They were not fetched" in words(found)
    assert seen == []


# --- clips ---------------------------------------------------------------------------------------------


@pytest.fixture
def clip(write_clip: Callable[..., Path]) -> Path:
    return write_clip("clip.mp4", [np.full((48, 64, 3), 40 * step, np.uint8) for step in range(5)])


def test_a_clip_is_read_by_the_same_function(clip: Path, authority: Authority) -> None:
    assert read_provenance(clip).credentials.status == "absent"
    clip.write_bytes(authority.sign(clip.read_bytes(), "video/mp4", GENERATED))
    found = read_provenance(clip)
    assert (found.credentials.status, found.declares_ai) == ("valid", "untrusted")
    assert "Not read: metadata of a clip" in words(found)
    clip.write_bytes(flip(clip.read_bytes(), clip.read_bytes().index(b"mdat") + 30))
    found = read_provenance(clip)
    assert found.credentials.problems == ("assertion.bmffHash.mismatch",)
    assert "changed after it was signed" in words(found)


def test_a_damaged_clip_without_any_has_no_broken_ones(clip: Path) -> None:
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) // 2])
    found = read_provenance(clip)
    assert found.credentials.status == "unchecked"
    assert "not checked: the file is damaged" in words(found)


def test_a_kind_of_clip_that_cannot_hold_them_has_none(write_clip: Callable[..., Path]) -> None:
    path = write_clip("clip.mkv", [np.zeros((48, 64, 3), np.uint8)])
    assert read_provenance(path).credentials.status == "absent"


def test_a_clip_under_the_name_of_a_picture_is_a_clip_and_the_other_way_round(
    clip: Path, encoded: Encode, tmp_path: Path
) -> None:
    assert read_provenance(clip.rename(tmp_path / "clip.jpg")).unread
    (tmp_path / "picture.mp4").write_bytes(encoded("AVIF"))
    assert not read_provenance(tmp_path / "picture.mp4").unread


# --- what is missing or wrong --------------------------------------------------------------------------


def test_without_the_library_only_pictures_that_hold_some_are_unchecked(
    signed: bytes, encoded: Encode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    found = read_provenance(signed)
    assert found.credentials == ContentCredentials("unchecked")
    assert "was not checked: that takes the package c2pa-python" in words(found)
    assert "pip install 'unmask[app]'" in words(found)
    assert read_provenance(encoded("JPEG")).credentials.status == "absent"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        (b"\xff\xfe\x00", "no PEM file"),
        (b"some words", "holds no certificate"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", ""),  # no certificate inside: unused
    ],
)
def test_a_trust_list_that_cannot_be_used_is_one_clear_error_or_trusts_nobody(
    content: bytes | None, reason: str, signed: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNMASK_C2PA_TRUST", str(tmp_path / "list.pem"))
    if content is not None:
        (tmp_path / "list.pem").write_bytes(content)
    if not reason:
        assert read_provenance(signed).credentials.status != "trusted"
        return
    with pytest.raises(UnmaskError, match=f"trust list .*list.pem: .*{reason}.*UNMASK_C2PA_TRUST"):
        read_provenance(signed)


@functools.cache
def signed_once() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return make_authority().sign(file.getvalue(), "image/png", GENERATED)


@given(st.data())
@example_settings(max_examples=150)
def test_a_signed_picture_with_any_bytes_changed_never_says_something_else_and_stays_valid(data: st.DataObject) -> None:
    content = bytearray(signed_once())
    for _ in range(data.draw(st.integers(1, 8))):
        position = data.draw(st.integers(0, len(content) - 1))
        content[position : position + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
        content = content or bytearray(b"x")
    try:
        found = read_provenance(bytes(content))
    except UnreadableImage:
        return
    if found.credentials.status not in ("absent", "broken", "unchecked"):  # padding, or bytes put back as they were
        assert found.credentials == read_provenance(signed_once()).credentials
    assert all(sentence.isprintable() for sentence in found.sentences())


@given(st.binary(max_size=400), st.sampled_from([b"\0\0\0\x18ftypmp42", b"RIFF\xff\0\0\0AVI ", b"\x1a\x45\xdf\xa3"]))
@example_settings(max_examples=60)
def test_a_clip_of_random_bytes_carries_nothing_or_is_refused(
    tmp_path_factory: pytest.TempPathFactory, body: bytes, start: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "random.mp4"
    path.write_bytes(start + body)
    try:
        assert read_provenance(path).credentials.status in ("absent", "unchecked")
    except UnreadableVideo:
        return
