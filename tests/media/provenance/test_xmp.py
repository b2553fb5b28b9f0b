"""XMP: the known properties come out as they were written, and anything else is refused."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.media.provenance.xmp import NotRead, read_xmp

SPACES = (
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:p="http://ns.adobe.com/photoshop/1.0/" xmlns:t="http://purl.org/dc/terms/"'
)
TEXTS = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"))


def packet(attributes: str = "", body: str = "") -> bytes:
    return f"<rdf:RDF {SPACES}><rdf:Description {attributes}>{body}</rdf:Description></rdf:RDF>".encode()


@given(TEXTS)
def test_a_value_comes_out_as_it_was_written(value: str) -> None:
    expected = {"Credit": value.strip()} if value.strip() else {}
    assert read_xmp(packet(f"p:Credit={quoteattr(value)}")) == expected
    assert read_xmp(packet("", f"<p:Credit>{escape(value)}</p:Credit>")) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # a list
        ("<p:Credit><rdf:Bag><rdf:li>A</rdf:li><rdf:li>B</rdf:li></rdf:Bag></p:Credit>", {"Credit": "AB"}),
        # the first of two
        ("<p:Credit>A</p:Credit><p:Credit>B</p:Credit>", {"Credit": "A"}),
        # one inside another
        ("<p:Credit>A<t:provenance>u</t:provenance></p:Credit>", {"Credit": "Au"}),
        # the same name in another namespace
        ("<dc:Credit>A</dc:Credit>", {}),
        # one without a value, and text beside the properties
        ("<p:Credit/>words<t:provenance>u</t:provenance>", {"provenance": "u"}),
    ],
)
def test_properties_in_each_form(body: str, expected: dict[str, str]) -> None:
    assert read_xmp(packet("", body)) == expected


def test_utf_16_and_the_padding_round_a_packet_are_read() -> None:
    text = packet('p:Credit="Ä"').decode()
    assert read_xmp(text.encode("utf-16")) == {"Credit": "Ä"}
    assert read_xmp(text.encode() + b"\n" * 2000 + b"\0") == {"Credit": "Ä"}


@given(st.binary(max_size=200) | st.text(alphabet="<>&!;x/ \"='[]", max_size=60).map(str.encode))
def test_random_bytes_are_refused_or_hold_nothing(data: bytes) -> None:
    try:
        assert read_xmp(data) == {}
    except NotRead:
        return
