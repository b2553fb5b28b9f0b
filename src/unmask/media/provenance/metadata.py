"""Metadata of a picture: the EXIF, XMP, IPTC and PNG text fields that speak of where it comes from."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from PIL import Image, ImageFile, IptcImagePlugin

from unmask.media.image_bytes import one_line
from unmask.media.provenance.record import MetadataField
from unmask.media.provenance.source_types import is_by_ai, name_source_type
from unmask.media.provenance.xmp import NotRead, read_xmp

MAX_EXIF_BYTES = 2**20

_EXIF_IFD = 0x8769
_EXIF_FIELDS = {0x010F: "Make", 0x0110: "Model", 0x0131: "Software"}
_DATE_TIME_ORIGINAL, _USER_COMMENT = 0x9003, 0x9286
_IPTC_FIELDS = {(2, 65): "OriginatingProgram", (2, 110): "Credit"}
_PNG_FIELDS = ("Software", "Title")
_GENERATOR_TEXTS = ("parameters", "prompt", "workflow", "invokeai_metadata", "sd-metadata", "dream", "generation_data")
"""PNG texts in which Stable Diffusion web UI, ComfyUI, InvokeAI and Civitai keep what a picture was made with."""

_SAYS_AI = re.compile(r"\b(made|created|generated) (with|by) .*\bAI\b|\bAI[- ]generated\b", re.IGNORECASE)
_SETTINGS = re.compile(r"Steps: \d+, .*Sampler: ", re.DOTALL)  # how Stable Diffusion web UI spells them
_COMFY = re.compile(r"(workflow|prompt):\s*\{")  # ComfyUI puts them into a WebP's Make and Model


def read_metadata(image: Image.Image) -> tuple[list[MetadataField], list[str], str | None]:
    """Read the metadata of an opened picture; no pixel is decoded.

    Returns:
        The fields, what was there but not read, and the address of remote Content Credentials if XMP names one.
    """
    unread: list[str] = []
    xmp = _guard("XMP", unread, lambda: _xmp_properties(image)) or {}
    address = xmp.pop("provenance", None)
    fields = [*(_guard("EXIF", unread, lambda: list(_exif_fields(image))) or [])]
    fields += [_xmp_field(name, value) for name, value in xmp.items()]
    fields += _guard("IPTC", unread, lambda: list(_iptc_fields(image))) or []
    fields += _png_fields(image)
    return fields, unread, address


def _guard(where: str, unread: list[str], read: Callable[[], Any]) -> Any:
    """Return what `read` gives; where it fails, note so and return None: the rest is still worth reading."""
    try:
        return read()
    except NotRead as error:
        unread.append(f"{where} ({error})")
    except Exception:  # noqa: BLE001  Pillow's readers of metadata raise anything on hostile bytes
        unread.append(f"{where} (damaged)")
    return None


def _exif_fields(image: Image.Image) -> Iterator[MetadataField]:
    raw = image.info.get("exif")
    if not isinstance(raw, bytes):
        return
    if len(raw) > MAX_EXIF_BYTES:  # one field may become a million Python numbers
        raise NotRead(f"larger than {MAX_EXIF_BYTES // 2**20} MiB")
    exif = Image.Exif()
    exif.load(raw)
    for tag, name in _EXIF_FIELDS.items():
        if value := _plain(exif.get(tag)):
            yield MetadataField("EXIF", name, one_line(value), bool(_COMFY.match(value)))
    inner = exif.get_ifd(_EXIF_IFD)
    if value := _plain(inner.get(_DATE_TIME_ORIGINAL)):
        yield MetadataField("EXIF", "DateTimeOriginal", one_line(value))
    # Cameras fill the comment with blanks, so only generator settings are of interest in it.
    comment = inner.get(_USER_COMMENT)
    text = comment[8:].replace(b"\0", b"").decode("utf-8", "replace") if isinstance(comment, bytes) else ""
    if _SETTINGS.search(text):
        yield MetadataField("EXIF", "UserComment", one_line(text), True)


def _xmp_properties(image: Image.Image) -> dict[str, str]:
    packet = image.info.get("xmp")
    if isinstance(packet, str):
        packet = packet.encode()
    return read_xmp(packet) if isinstance(packet, bytes) and packet else {}


def _xmp_field(name: str, value: str) -> MetadataField:
    if name == "DigitalSourceType":
        term = name_source_type(value)
        return MetadataField("XMP", name, one_line(term), is_by_ai(term))
    by_ai = name == "AISystemUsed" or (name == "AIGC" and _is_labelled(value)) or bool(_SAYS_AI.search(value))
    return MetadataField("XMP", name, one_line(value), by_ai)


def _is_labelled(value: str) -> bool:
    """Say whether an AIGC label of GB 45438 calls the content generated (1), perhaps (2) or suspected to be (3)."""
    try:
        label = json.loads(value)
    except (ValueError, RecursionError):
        return False
    return isinstance(label, dict) and str(label.get("Label")) in ("1", "2", "3")


def _iptc_fields(image: Image.Image) -> Iterator[MetadataField]:
    found = IptcImagePlugin.getiptcinfo(image) if isinstance(image, ImageFile.ImageFile) else None
    for key, name in _IPTC_FIELDS.items():
        if value := _plain((found or {}).get(key)):
            yield MetadataField("IPTC", name, one_line(value), bool(_SAYS_AI.search(value)))


def _png_fields(image: Image.Image) -> list[MetadataField]:
    """Read the texts before the pixels; those behind them are not looked for, as that would decode the pixels."""
    if image.format != "PNG":
        return []
    texts = {name: _plain(image.info.get(name)) for name in (*_PNG_FIELDS, *_GENERATOR_TEXTS)}
    return [
        MetadataField("PNG text", name, one_line(text), name in _GENERATOR_TEXTS or bool(_SAYS_AI.search(text)))
        for name, text in texts.items()
        if text
    ]


def _plain(value: object) -> str:
    """Return a field's text without blanks and zero bytes round it; empty for what is no text."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    return value.strip("\0 \t\r\n") if isinstance(value, str) else ""
