"""EXIF, XMP, IPTC and PNG texts: what they say of a picture's origin, and what hostile ones do."""

from __future__ import annotations

import io
import json
import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from unmask.errors import UnreadableImage
from unmask.media.images import read_image
from unmask.media.provenance import MetadataField, Provenance, read_provenance
from unmask.media.provenance.metadata import MAX_EXIF_BYTES

Encode = Callable[..., bytes]
A1111 = "a portrait, 85 mm\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"


def exif(fields: dict[int, object], inner: dict[int, object] | None = None) -> bytes:
    block = Image.Exif()
    block.update(fields)
    block.get_ifd(0x8769).update(inner or {})
    return block.tobytes()


def xmp(attributes: str = "", body: str = "") -> bytes:
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
        f'xmlns:Iptc4xmpExt="{IPTC}" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/" '
        f'{attributes}>{body}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def png_texts(texts: dict[str, str], xmp_packet: str = "") -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
    if xmp_packet:
        info.add_itxt("XML:com.adobe.xmp", xmp_packet)
    return info


def iptc(number: int, text: bytes) -> bytes:
    """Return a JPEG segment (APP13) with one IPTC field of the second record."""
    field = b"\x1c\x02" + bytes([number]) + struct.pack(">H", len(text)) + text
    block = b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(field)) + field + b"\0" * (len(field) % 2)
    return b"\xff\xed" + struct.pack(">H", len(block) + 2) + block


def with_segment(jpeg: bytes, segment: bytes) -> bytes:
    return jpeg[:2] + segment + jpeg[2:]


def names(provenance: Provenance) -> list[tuple[str, str, str]]:
    return [(field.where, field.name, field.value) for field in provenance.metadata]


def test_a_camera_is_named_with_the_limits_of_metadata(encoded: Encode) -> None:
    block = exif({0x010F: "Leica", 0x0110: "M6\0", 0x0131: "2.1"}, {0x9003: "2024:05:01 10:00:00"})
    for kind in ("JPEG", "PNG", "WEBP", "AVIF"):
        found = read_provenance(encoded(kind, exif=block))
        assert names(found) == [
            ("EXIF", "Make", "Leica"),
            ("EXIF", "Model", "M6"),
            ("EXIF", "Software", "2.1"),
            ("EXIF", "DateTimeOriginal", "2024:05:01 10:00:00"),
        ]
        assert found.declares_ai is None
        assert found.findings() == []
        assert "Its metadata names Make “Leica” (EXIF)" in found.sentences()[0]
        assert "Anyone can write metadata" in found.sentences()[0]
        assert "That proves nothing" in found.sentences()[1]


BY_AI = [
    # IPTC's source type in each way of writing that XMP has
    ("JPEG", {"xmp": xmp(f'Iptc4xmpExt:DigitalSourceType="{TYPE}"')}, "it was made by a generative model (XMP"),
    ("WEBP", {"xmp": xmp("", f"<Iptc4xmpExt:DigitalSourceType>{TYPE}</Iptc4xmpExt:DigitalSourceType>")}, "generative"),
    ("AVIF", {"xmp": xmp("", f'<Iptc4xmpExt:DigitalSourceType rdf:resource="{TYPE}"/>')}, "generative"),
    ("PNG", {"pnginfo": png_texts({}, xmp(f'Iptc4xmpExt:DigitalSourceType="{TYPE}"').decode())}, "generative"),
    # other properties of XMP
    ("JPEG", {"xmp": xmp('photoshop:Credit="Made with Google AI"')}, "XMP Credit says “Made with Google AI”"),
    ("JPEG", {"xmp": xmp('Iptc4xmpExt:AISystemUsed="Painter 3"')}, "XMP AISystemUsed says “Painter 3”"),
    ("JPEG", {"xmp": xmp("", '<TC260:AIGC>{"Label":"1"}</TC260:AIGC>')}, "XMP AIGC says"),
    # what image generators write
    ("PNG", {"pnginfo": png_texts({"parameters": A1111})}, "PNG text parameters says “a portrait, 85 mm?Negative"),
    ("PNG", {"pnginfo": png_texts({"prompt": '{"3": {}}', "workflow": "{}"})}, 'prompt says “{"3": {}}”; PNG text w'),
    ("PNG", {"pnginfo": png_texts({"Title": "AI generated image", "Software": "NovelAI"})}, "PNG text Title"),
    ("JPEG", {"exif": exif({}, {0x9286: b"UNICODE\0" + A1111.encode("utf-16-be")})}, "EXIF UserComment says"),
    ("WEBP", {"exif": exif({0x010F: 'workflow: {"nodes": []}'})}, "EXIF Make says “workflow"),
]


@pytest.mark.parametrize(("kind", "options", "said"), BY_AI)
def test_metadata_that_marks_a_picture_as_made_by_ai_is_a_hint(
    kind: str, options: dict, said: str, encoded: Encode
) -> None:
    found = read_provenance(encoded(kind, **options))
    assert found.declares_ai == "untrusted"
    (finding,) = found.findings()
    assert finding.startswith("Its metadata marks it as made by AI: ")
    assert said in finding
    assert finding.endswith("Anyone can write metadata, so this is a hint and no proof.")
    assert "proves nothing" not in " ".join(found.sentences())


NOT_BY_AI = [
    {"xmp": xmp(f'Iptc4xmpExt:DigitalSourceType="{TYPE.replace("trainedAlgorithmicMedia", "digitalCapture")}"')},
    {"xmp": xmp('photoshop:Credit="Aia Press"')},
    {"xmp": xmp("", '<TC260:AIGC>{"Label":"0"}</TC260:AIGC>')},
    {"xmp": xmp("", "<TC260:AIGC>" + 9999 * "[" + "</TC260:AIGC>")},  # JSON that nests too deeply
    {"xmp": xmp('xmp:CreatorTool="Photoshop"')},
    {"exif": exif({}, {0x9286: b"ASCII\0\0\0" + b" " * 64})},  # the blanks of a camera
]


@pytest.mark.parametrize("options", NOT_BY_AI)
def test_other_metadata_marks_nothing(options: dict, encoded: Encode) -> None:
    found = read_provenance(encoded("JPEG", **options))
    assert found.declares_ai is None
    assert found.findings() == []


def test_iptc_fields_are_read(encoded: Encode) -> None:
    found = read_provenance(with_segment(encoded("JPEG"), iptc(110, b"Made with Google AI")))
    assert found.metadata == (MetadataField("IPTC", "Credit", "Made with Google AI", True),)
    found = read_provenance(with_segment(encoded("JPEG"), iptc(65, b"Darkroom")))
    assert found.metadata == (MetadataField("IPTC", "OriginatingProgram", "Darkroom"),)


def test_the_json_form_can_be_written_as_json(encoded: Encode) -> None:
    found = read_provenance(encoded("PNG", pnginfo=png_texts({"parameters": A1111})))
    written = json.loads(json.dumps(found.to_dict()))
    assert list(written) == ["declares_ai", "credentials", "metadata", "unread"]
    assert written["declares_ai"] == "untrusted"
    assert written["credentials"]["status"] == "absent"
    assert [field["name"] for field in written["metadata"]] == ["parameters"]


def test_foreign_text_becomes_one_short_printable_line(encoded: Encode) -> None:
    found = read_provenance(encoded("JPEG", exif=exif({0x0131: "a\n\x1b[31m\u202eb" + 300 * "c"})))
    assert all(sentence.isprintable() for sentence in found.sentences())
    assert len(found.metadata[0].value) == 120


# --- hostile -------------------------------------------------------------------------------------------

BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">%s]><x>&%s;</x>' % (
    b"".join(b'<!ENTITY %s "%s">' % (bytes([98 + n]), b"&%s;" % bytes([97 + n]) * 10) for n in range(9)),
    b"j",
)
FILE = b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><x>&f;</x>'
HOSTILE_XMP = [
    (BOMB, "it declares a document type"),
    (FILE, "it declares a document type"),
    (xmp() + b" " * 2**20, "larger than 1 MiB"),
    (b"\xff\xfe\x00\xd8" * 30, "damaged"),  # neither UTF-8 nor UTF-16
    (xmp('photoshop:Credit="\xff"').decode().encode("latin-1"), "damaged"),
    (b'<?xml version="1.0" encoding="klingon"?><x/>', "damaged"),
    (b"<x>" * 50_000, "damaged"),
]


@pytest.mark.parametrize(("packet", "reason"), HOSTILE_XMP)
def test_hostile_xmp_is_left_unread_and_said_so(packet: bytes, reason: str, encoded: Encode) -> None:
    found = read_provenance(encoded("WEBP", xmp=packet))
    assert found.metadata == ()
    assert found.unread == (f"XMP ({reason})",)
    assert f"Not read: XMP ({reason})." in found.sentences()


def test_fifty_megabytes_of_xmp_cost_no_more_than_themselves(encoded: Encode) -> None:
    data = encoded("PNG", pnginfo=png_texts({}, "<x>" + 50 * 2**20 * "y" + "</x>"))
    tracemalloc.start()
    found = read_provenance(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found.unread == ("XMP (larger than 1 MiB)",)
    assert peak < 5 * len(data)


def test_an_exif_field_of_a_million_numbers_is_left_unread(encoded: Encode) -> None:
    block = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x0131, 3, MAX_EXIF_BYTES, 26) + b"\0" * 4
    found = read_provenance(encoded("WEBP", exif=block + b"\0" * 2 * MAX_EXIF_BYTES))
    assert found.unread == ("EXIF (larger than 1 MiB)",)


def test_damaged_exif_costs_only_itself(encoded: Encode) -> None:
    good = encoded("JPEG", xmp=xmp('photoshop:Credit="Made with Google AI"'))
    found = read_provenance(with_segment(good, b"\xff\xe1\x00\x12Exif\0\0XX*\0\x08\0\0\0"))
    assert found.declares_ai == "untrusted"


@given(st.binary(max_size=300), st.sampled_from(["exif", "xmp"]))
@example_settings(max_examples=100)
def test_a_block_of_random_bytes_is_read_or_named_as_unread(block: bytes, option: str) -> None:
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, "WEBP", **{option: b"Exif\0\0II*\0" + block if option == "exif" else block})
    found = read_provenance(file.getvalue())
    assert found.declares_ai is None
    assert all(sentence.isprintable() for sentence in found.sentences())


STARTS = [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\1\0\0WEBP", b"BM"]


@given(st.binary(max_size=300), st.sampled_from(STARTS))
@example_settings(max_examples=150)
def test_random_bytes_are_refused_or_say_nothing(body: bytes, start: bytes) -> None:
    try:
        found = read_provenance(start + body)
    except UnreadableImage:
        return
    assert found.declares_ai is None


def test_what_is_no_picture_is_the_error_of_the_reader_of_pictures(tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_text("these are words")
    for source in (tmp_path / "notes.jpg", tmp_path / "missing.jpg", tmp_path, b""):
        with pytest.raises(UnreadableImage) as ours:
            read_provenance(source)
        with pytest.raises(UnreadableImage) as theirs:
            read_image(source)
        assert str(ours.value) == str(theirs.value)
