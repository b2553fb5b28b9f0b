"""What comes from outside: anything but a whole picture of an accepted kind is one clear error."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from unmask.errors import UnreadableImage
from unmask.media.image_bytes import MAX_FILE_BYTES, MAX_JPEG_SCANS, count_scans
from unmask.media.images import read_image

pillow_heif.register_heif_opener()  # so that the tests can write HEIC


def encode(image: Image.Image, format: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *chunks: bytes) -> bytes:
    """Write a PNG by hand, for what Pillow does not write."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    body = header + b"".join(chunks) + png_chunk(b"IDAT", zlib.compress(rows)) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def red(mode: str = "RGB", size: tuple[int, int] = (24, 16)) -> Image.Image:
    return Image.new("RGB", size, (255, 0, 0)).convert(mode)


class traced:  # noqa: N801  reads as a verb
    """Measure what Python and numpy allocate inside the block."""

    def __enter__(self) -> Callable[[], int]:
        tracemalloc.start()
        return lambda: self.peak

    def __exit__(self, *_: object) -> None:
        self.peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()


# --- refusals ------------------------------------------------------------------------------------------

REFUSED = [
    ("no bytes", b"", "the uploaded bytes: it is empty"),
    ("text", b"hello there", "not a JPEG, PNG, WebP, AVIF, HEIC, BMP or GIF file. Save it as one of these"),
    ("an MP4 clip", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "not a JPEG"),
    ("a sound in the same RIFF box as WebP", b"RIFF\x24\0\0\0WAVEfmt ", "not a JPEG"),
    ("EPS, which Pillow hands to Ghostscript", b"%!PS-Adobe-3.0 EPSF-3.0\n", "not a JPEG"),
    ("TIFF, which Pillow reads", encode(red(), "TIFF"), "not a JPEG"),
    ("ICO, which Pillow reads", encode(red(), "ICO"), "not a JPEG"),
    ("PPM, which Pillow reads", encode(red(), "PPM"), "not a JPEG"),
    ("only the first bytes of a JPEG", b"\xff\xd8\xff\xe0", "damaged or cut short"),
    ("only the first bytes of a PNG", b"\x89PNG\r\n\x1a\n", "header is damaged or cut short"),
    ("only the first bytes of an AVIF", encode(red(), "AVIF")[:90], "header is damaged or cut short"),
    ("a float array", np.zeros((2, 2, 3)), r"it is float64. Pass uint8 .* \[0, 1\]: \(array \* 255\)"),
    ("a truth array", np.zeros((2, 2), bool), "it is bool. Pass uint8"),
    ("an array of objects", np.array([[None]]), "it is object"),
    ("channels first", np.zeros((3, 20, 20), np.uint8), r"its shape is \(3, 20, 20\). Pass \[H, W\]"),
    ("a batch", np.zeros((1, 4, 4, 3), np.uint8), "its shape is"),
    ("no pixels", np.zeros((0, 4, 3), np.uint8), "the given array: it has no pixels"),
    ("an array with a side too long", np.zeros((1, 40_000), np.uint8), "longer side has more than 32767"),
    ("a Pillow image without a range", Image.new("F", (2, 2)), "the given image: mode F has no known range"),
    ("32-bit integers", Image.new("I", (2, 2)), "mode I has no known range"),
    ("not a picture at all", None, "it is a NoneType. Give a path"),
    ("a missing file", "no/such/photo.jpg", "Could not read photo.jpg: there is no such file"),
    ("a path with a zero byte", "photo\0.jpg", "Could not read photo"),
    ("a path far too long", "x" * 5000, "File name too long"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "message"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_cannot_be_read_is_one_clear_line(source, message):
    with pytest.raises(UnreadableImage, match=message) as caught:
        read_image(source)
    text = str(caught.value)
    assert text.startswith("Could not read ")
    assert text.endswith(".")
    assert text.isprintable()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_named_pipe_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.jpg")
    with pytest.raises(UnreadableImage, match=r"pipe\.jpg: it is not a regular file"):
        read_image(tmp_path / "pipe.jpg")


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no /dev/zero")
def test_a_device_without_end_is_refused():
    with pytest.raises(UnreadableImage, match="not a regular file"):
        read_image("/dev/zero")


def test_a_folder_and_an_empty_file_are_refused_by_name(tmp_path):
    (tmp_path / "empty.png").touch()
    with pytest.raises(UnreadableImage, match=r"Could not read empty\.png: it is empty"):
        read_image(tmp_path / "empty.png")
    with pytest.raises(UnreadableImage, match="it is a folder"):
        read_image(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows no such names")
def test_a_hostile_file_name_stays_on_one_line(tmp_path):
    with pytest.raises(UnreadableImage) as caught:
        read_image(tmp_path / "a\n\x1b[31mb.jpg")
    assert str(caught.value).startswith("Could not read a??[31mb.jpg: ")


def test_a_file_above_the_limit_is_not_read_whole(tmp_path):
    path = tmp_path / "large.jpg"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES * 16)  # sparse: it takes no room
    with traced() as peak, pytest.raises(UnreadableImage, match="larger than 64 MiB"):
        read_image(path)
    assert peak() < MAX_FILE_BYTES * 3


ENCODED = [
    ("JPEG", {}),
    ("JPEG", {"progressive": True}),
    ("PNG", {}),
    ("WEBP", {}),
    ("WEBP", {"lossless": True}),
    ("AVIF", {}),
    ("HEIF", {}),
    ("BMP", {}),
    ("GIF", {}),
]


@pytest.mark.parametrize(("format", "options"), ENCODED)
@pytest.mark.parametrize("kept", [0.01, 0.1, 0.5, 0.9, 0.99])
def test_a_truncated_file_is_an_error_and_never_a_grey_half(format, options, kept):
    noise = np.random.default_rng(0).integers(0, 256, (64, 80, 3), dtype=np.uint8)
    data = encode(Image.fromarray(noise), format, **options)
    with pytest.raises(UnreadableImage):
        read_image(data[: int(len(data) * kept)])


# --- bombs ---------------------------------------------------------------------------------------------


def gif_claiming(width: int, height: int) -> bytes:
    data = bytearray(encode(red("P"), "GIF"))
    data[6:10] = struct.pack("<HH", width, height)
    return bytes(data)


def bmp_claiming(width: int, height: int) -> bytes:
    data = bytearray(encode(red(), "BMP"))
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


def jpeg_claiming(width: int, height: int) -> bytes:
    data = encode(red(), "JPEG")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]


SIZE_BOMBS = [
    ("PNG of 2.5 gigapixels", lambda: png(50_000, 50_000, 8, 2, b"\0")),
    ("PNG just above our limit, below Pillow's", lambda: png(8001, 8000, 8, 2, b"\0")),
    ("PNG where Pillow only warns", lambda: png(10_000, 10_000, 8, 2, b"\0")),
    ("GIF of 4 gigapixels", lambda: gif_claiming(65_535, 65_535)),
    ("BMP of 2.5 gigapixels", lambda: bmp_claiming(50_000, 50_000)),
    ("JPEG of 4 gigapixels", lambda: jpeg_claiming(65_500, 65_500)),
]


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("make", [row[1] for row in SIZE_BOMBS], ids=[row[0] for row in SIZE_BOMBS])
def test_a_claimed_size_is_refused_from_the_header(make):
    data = make()
    with traced() as peak, pytest.raises(UnreadableImage, match="more than 64 megapixels"):
        read_image(data)
    assert peak() < 2**20


@pytest.mark.filterwarnings("error")
def test_pillows_own_warning_is_the_same_error_when_warnings_are_errors():
    with pytest.raises(UnreadableImage, match="more than 64 megapixels"):
        read_image(png(10_000, 10_000, 8, 2, b"\0"))


def test_a_side_too_long_is_refused_from_the_header():
    with pytest.raises(UnreadableImage, match="longer side has more than 32767 pixels"):
        read_image(png(1_000_000, 2, 8, 2, b"\0"))


TEXT = zlib.compress(b"a" * 50_000_000, 9)
TEXT_BOMBS = [
    ("zTXt", png_chunk(b"zTXt", b"k\0\0" + TEXT)),
    ("iTXt", png_chunk(b"iTXt", b"k\0\1\0\0\0" + TEXT)),
    ("iCCP", png_chunk(b"iCCP", b"k\0\0" + TEXT)),
    ("many small ones", png_chunk(b"zTXt", b"k\0\0" + zlib.compress(b"a" * 1_000_000)) * 100),
]


@pytest.mark.parametrize("chunks", [row[1] for row in TEXT_BOMBS], ids=[row[0] for row in TEXT_BOMBS])
def test_text_that_unpacks_without_end_is_refused(chunks):
    with pytest.raises(UnreadableImage, match="damaged or cut short"):
        read_image(png(1, 1, 8, 0, b"\0\0", chunks))


def test_a_jpeg_of_endless_scans_is_refused_and_an_ordinary_one_is_not():
    data = encode(Image.new("L", (64, 64), 128), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    header = last[: 2 + int.from_bytes(last[2:4], "big")]
    with pytest.raises(UnreadableImage, match="more than 100 scans"):
        read_image(data[:-2] + header * 1000 + data[-2:])
    assert read_image(data[:-2] + header * 20 + data[-2:]).shape == (64, 64, 3)


def test_only_scans_that_the_decoder_runs_are_counted():
    data = encode(red(), "JPEG", exif=b"Exif\0\0" + b"\xff\xda" * 500)
    trailer = b"\xff\xda\0\x08" * 30_000  # a phone's clip behind the picture
    assert data.count(b"\xff\xda") > MAX_JPEG_SCANS
    assert count_scans(data + trailer) == 1


# --- hostile bytes -------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")  # Pillow warns of what it repairs
@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM",
                                                 b"\0\0\0\x1cftypavif", b"\0\0\0\x1cftypheic"]))  # fmt: skip
def test_random_bytes_never_raise_anything_else(body, start):
    read_or_refuse(start + body)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("format", "options"), ENCODED)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_mutated_files_never_raise_anything_else(format, options, data):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"  # orientation, maker
    more = {} if format in ("BMP", "GIF") else {"exif": exif}
    whole = bytearray(encode(red(), format, **options, **more))
    # half of the blows fall on the header, where a byte can do most
    place = st.one_of(st.integers(0, min(200, len(whole) - 1)), st.integers(0, len(whole) - 1))
    for at, value in data.draw(st.lists(st.tuples(place, st.integers(0, 255)), min_size=1, max_size=8)):
        whole[at] = value
    read_or_refuse(bytes(whole[: data.draw(st.integers(1, len(whole)))] if data.draw(st.booleans()) else whole))


def read_or_refuse(data: bytes) -> None:
    with contextlib.suppress(UnreadableImage):  # any other exception fails the test
        pixels = read_image(data)
        assert pixels.dtype == np.uint8
        assert pixels.shape[2] == 3
