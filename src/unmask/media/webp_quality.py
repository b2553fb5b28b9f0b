"""How strongly a WebP file was compressed, read off the quantisers in the header of its VP8 frame.

The layout is RFC 6386's (sections 7, 9.3 to 9.6 and 19.2). Encoders give each of up to four kinds of regions a
quantiser of its own; their mean is turned into a quality by the curve of libwebp, which nearly all programs write WebP
with. With that library's defaults it is some ten points below the quality that was asked for, from 80 on three at most.
"""

from __future__ import annotations

import struct

KEY_FRAME_START = b"\x9d\x01\x2a"
FIRST_BITS = 10
"""Bytes of a key frame before its coded part: a tag, the start code, width and height."""
HEADER = 128
"""Bytes of a frame that hold all that is read of it, and more."""
MOST_CHUNKS = 32
"""That are looked at: before the picture come its frame's size, a colour profile and transparency."""
SEGMENTS, COARSEST = 4, 127


class _Bits:
    """The boolean decoder of RFC 6386, section 7, at even odds; bits beyond the end are zero."""

    def __init__(self, data: bytes) -> None:
        self._data, self._next = data, 2
        self._value = int.from_bytes(data[:2].ljust(2, b"\0"), "big")
        self._range, self._shifted = 255, 0

    def number(self, bits: int) -> int:
        """Return the next so many bits as a number, the highest first."""
        value = 0
        for _ in range(bits):
            value = value * 2 + self._bit()
        return value

    def optional(self, bits: int) -> int:
        """Return a number with its sign after it where a flag says that there is one, else 0."""
        if not self.number(1):
            return 0
        size = self.number(bits)
        return -size if self.number(1) else size

    def _bit(self) -> int:
        split = 1 + (self._range - 1) // 2
        bit = int(self._value >= split << 8)
        if bit:
            self._range -= split
            self._value -= split << 8
        else:
            self._range = split
        while self._range < 128:
            self._value, self._range, self._shifted = self._value * 2, self._range * 2, self._shifted + 1
            if self._shifted == 8:
                self._shifted = 0
                self._value |= self._data[self._next] if self._next < len(self._data) else 0
                self._next += 1
        return bit


def webp_quality_of(data: bytes) -> int | None:
    """Return the quality, 1 to 100, that a still lossy WebP was saved with, about; None for anything else."""
    frame = _find_frame(data)
    if len(frame) <= FIRST_BITS or frame[0] & 1 or frame[3:6] != KEY_FRAME_START:
        return None
    quantisers = _read_quantisers(_Bits(frame[FIRST_BITS:]))
    fine = 1 - sum(quantisers) / len(quantisers) / COARSEST
    linear = fine**3
    return max(1, min(100, round(100 * (linear * 1.5 if linear < 0.5 else (linear + 1) / 2))))


def _find_frame(data: bytes) -> bytes:
    """Return the beginning of the VP8 chunk of a RIFF file of WebP; nothing where it has no such picture."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        return b""
    place = 12
    for _ in range(MOST_CHUNKS):
        name = data[place : place + 4]
        if name == b"VP8L" or place + 8 > len(data):  # lossless, or the end
            return b""
        (size,) = struct.unpack_from("<I", data, place + 4)
        if name == b"VP8 ":
            return data[place + 8 : place + 8 + min(size, HEADER)]
        place += 8 + size + size % 2
    return b""


def _read_quantisers(bits: _Bits) -> list[int]:
    """Return the quantiser index of each segment, 0 to 127; one where the frame has no segments."""
    bits.number(2)  # the colour space, and whether pixels need clamping
    of_segments, absolute = [0] * SEGMENTS, False
    segmented = bool(bits.number(1))
    if segmented:
        has_map, has_data = bits.number(1), bits.number(1)
        if has_data:
            absolute = bool(bits.number(1))
            of_segments = [bits.optional(7) for _ in range(SEGMENTS)]
            for _ in range(SEGMENTS):
                bits.optional(6)  # the filter's strength there
        if has_map:
            for _ in range(SEGMENTS - 1):
                if bits.number(1):
                    bits.number(8)  # how likely a segment is
    bits.number(1 + 6 + 3)  # the filter
    if bits.number(1) and bits.number(1):
        for _ in range(8):
            bits.optional(6)  # how it changes by reference and mode
    bits.number(2)  # the number of partitions
    base = bits.number(7)
    if not segmented:
        return [base]
    return [max(0, min(COARSEST, each if absolute else base + each)) for each in of_segments]
