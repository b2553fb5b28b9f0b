"""XMP: the few properties that speak of provenance, out of a packet that may be hostile.

Expat alone reads it, and a document type declaration ends the reading: without one there are no entities, so
none that reads another file and none that grows.
"""

from __future__ import annotations

from xml.parsers import expat

MAX_XMP_BYTES = 2**20

_IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_RESOURCE = "http://www.w3.org/1999/02/22-rdf-syntax-ns# resource"
_WANTED = {
    f"{_IPTC_EXTENSION} DigitalSourceType": "DigitalSourceType",
    f"{_IPTC_EXTENSION} AISystemUsed": "AISystemUsed",
    "http://ns.adobe.com/photoshop/1.0/ Credit": "Credit",
    "http://ns.adobe.com/xap/1.0/ CreatorTool": "CreatorTool",
    "http://purl.org/dc/terms/ provenance": "provenance",
    "http://www.tc260.org.cn/ns/AIGC/1.0/ AIGC": "AIGC",  # the label that China's GB 45438 asks for
}
"""What is looked for, as expat spells namespace and name: properties of IPTC, Adobe, C2PA and TC260."""


class NotRead(ValueError):
    """Why a part of the metadata is not read."""


def read_xmp(packet: bytes) -> dict[str, str]:
    """Return the known properties of an XMP packet by their names, without prefixes; the first of each counts.

    Raises:
        NotRead: It is too large, no XML, not in an encoding of XML, or declares a document type.
    """
    if len(packet) > MAX_XMP_BYTES:
        raise NotRead(f"larger than {MAX_XMP_BYTES // 2**20} MiB")
    handler = _Collector()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = handler.start, handler.end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    try:
        parser.Parse(packet if packet[:2] in _UTF_16 else packet.strip(b"\0 \t\r\n"), True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # of a declared encoding that Python lacks, too
        raise error if isinstance(error, NotRead) else NotRead("damaged") from error
    return {name: value.strip() for name, value in handler.found.items() if value.strip()}


def _refuse_doctype(*_: object) -> None:
    raise NotRead("it declares a document type")


class _Collector:
    """Keeps the values of the wanted properties, whether attributes, text, lists or references."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}
        self._open: str | None = None
        self._depth = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        for key, value in attributes.items():
            if key in _WANTED:
                self.found.setdefault(_WANTED[key], value)
        if self._open is not None:
            self._depth += 1
        elif name in _WANTED and _WANTED[name] not in self.found:
            self._open, self._depth = _WANTED[name], 1
            self.found[self._open] = attributes.get(_RESOURCE, "")

    def end(self, _: str) -> None:
        if self._open is not None:
            self._depth -= 1
            if not self._depth:
                self._open = None

    def text(self, text: str) -> None:
        if self._open is not None:
            self.found[self._open] += text
