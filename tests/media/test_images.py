"""Reading pictures: every accepted kind comes out right, upright and in full."""

from __future__ import annotations

import inspect
import io
import struct
import subprocess
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from unmask.errors import MediaError
from unmask.media.images import IMAGE_SUFFIXES, find_images, read_image

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
ORIENTATION, MAKER = 0x0112, 0x010F

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
    return Image.new("RGB", size, RED).convert(mode)


def half_clear(mode: str = "RGBA") -> Image.Image:
    """A red picture whose right half is fully transparent."""
    image = red("RGBA")
    image.paste((0, 0, 0, 0), (12, 0, 24, 16))
    return image.convert(mode)


def palette_with_a_clear_colour() -> Image.Image:
    image = Image.new("P", (24, 16), 0)
    image.putpalette([*RED, *GREEN])
    image.paste(1, (12, 0, 24, 16))
    image.info["transparency"] = 1
    return image


def two_frames(format: str, **options: object) -> bytes:
    first, second = red(), Image.new("RGB", (24, 16), BLUE)
    return encode(first, format, save_all=True, append_images=[second], **options)


def grey_16(*chunks: bytes) -> bytes:
    """Three pixels of 16 bits: black, a quarter, white."""
    return png(3, 1, 16, 0, b"\0" + struct.pack(">HHH", 0, 64 * 257, 65535), *chunks)


# what it is, its bytes, the pixel at the left edge, the pixel at the right edge
KINDS: list[tuple[str, Callable[[], bytes], tuple[int, ...], tuple[int, ...]]] = [
    ("JPEG", lambda: encode(red(), "JPEG", quality=95), RED, RED),
    ("progressive JPEG", lambda: encode(red(), "JPEG", quality=95, progressive=True), RED, RED),
    ("greyscale JPEG", lambda: encode(Image.new("L", (24, 16), 90), "JPEG"), (90,) * 3, (90,) * 3),
    ("CMYK JPEG, inverted as Adobe does", lambda: encode(red("CMYK"), "JPEG", quality=95), RED, RED),
    ("two JPEGs in one (MPO)", lambda: two_frames("MPO"), RED, RED),
    ("PNG", lambda: encode(red(), "PNG"), RED, RED),
    ("PNG with alpha: white shows through", lambda: encode(half_clear(), "PNG"), RED, WHITE),
    ("PNG, grey with alpha", lambda: encode(half_clear("LA"), "PNG"), (76,) * 3, WHITE),
    ("PNG palette", lambda: encode(red("P"), "PNG"), RED, RED),
    ("PNG palette, one colour clear", lambda: encode(palette_with_a_clear_colour(), "PNG"), RED, WHITE),
    ("PNG, 1 bit", lambda: encode(Image.new("1", (24, 16), 1), "PNG"), WHITE, WHITE),
    ("PNG, 16-bit grey: scaled, not clipped", grey_16, (0, 0, 0), WHITE),
    ("PNG, 16-bit RGB", lambda: png(1, 1, 16, 2, struct.pack(">xHHH", 65535, 25700, 0)), (255, 100, 0),
     (255, 100, 0)),
    ("animated PNG: first frame", lambda: two_frames("PNG"), RED, RED),
    ("WebP", lambda: encode(red(), "WEBP", lossless=True), RED, RED),
    ("WebP with alpha", lambda: encode(half_clear(), "WEBP", lossless=True), RED, WHITE),
    ("animated WebP: first frame", lambda: two_frames("WEBP", lossless=True), RED, RED),
    ("AVIF", lambda: encode(red(), "AVIF", quality=95), RED, RED),
    ("AVIF with alpha", lambda: encode(half_clear(), "AVIF", quality=95), RED, WHITE),
    ("animated AVIF: first frame", lambda: two_frames("AVIF", quality=95), RED, RED),
    ("HEIC", lambda: encode(red(), "HEIF", quality=95), RED, RED),
    ("HEIC with alpha", lambda: encode(half_clear(), "HEIF", quality=95), RED, WHITE),
    ("HEIC with two pictures: the primary one", lambda: two_frames("HEIF", primary_index=1), BLUE, BLUE),
    ("BMP", lambda: encode(red(), "BMP"), RED, RED),
    ("BMP palette", lambda: encode(red("P"), "BMP"), RED, RED),
    ("GIF", lambda: encode(red("P"), "GIF"), RED, RED),
    ("GIF, one colour clear", lambda: encode(palette_with_a_clear_colour(), "GIF", transparency=1), RED,
     WHITE),
    ("animated GIF: first frame", lambda: two_frames("GIF"), RED, RED),
]  # fmt: skip


@pytest.mark.parametrize(("make", "left", "right"), [row[1:] for row in KINDS], ids=[row[0] for row in KINDS])
def test_every_accepted_kind_becomes_the_right_rgb(make, left, right):
    pixels = read_image(make())
    assert pixels.dtype == np.uint8
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3
    assert pixels.flags.c_contiguous
    assert pixels.flags.writeable
    np.testing.assert_allclose(pixels[0, 0], left, atol=4)
    np.testing.assert_allclose(pixels[-1, -1], right, atol=4)


# Pillow images that no accepted file gives
PILLOW = [
    ("premultiplied alpha", lambda: half_clear().convert("RGBa"), WHITE),
    ("premultiplied grey with alpha", lambda: half_clear("LA").convert("La"), WHITE),
    ("YCbCr", lambda: red("YCbCr"), RED),
    ("HSV", lambda: red("HSV"), RED),
    ("CMYK", lambda: red("CMYK"), RED),
    ("16 bit, big-endian", lambda: Image.frombytes("I;16B", (1, 1), b"\x40\x40"), (64, 64, 64)),
    ("a file opened by the caller", lambda: Image.open(io.BytesIO(encode(red(), "PNG"))), RED),
]


@pytest.mark.parametrize(("make", "right"), [row[1:] for row in PILLOW], ids=[row[0] for row in PILLOW])
def test_pillow_images_are_converted(make, right):
    np.testing.assert_allclose(read_image(make())[-1, -1], right, atol=2)


def test_sixteen_bit_grey_keeps_its_middle_and_its_clear_level():
    assert read_image(grey_16())[0, :, 0].tolist() == [0, 64, 255]
    clear = png_chunk(b"tRNS", struct.pack(">H", 64 * 257))
    assert read_image(grey_16(clear))[0, :, 0].tolist() == [0, 255, 255]


def test_ten_bit_heic_is_scaled_to_eight_bits():
    samples = np.full((16, 24, 3), 64 * 257, np.uint16)
    heif = pillow_heif.from_bytes("RGB;16", (24, 16), samples.tobytes())
    file = io.BytesIO()
    heif.save(file, quality=95)
    np.testing.assert_allclose(read_image(file.getvalue()), 64, atol=3)


def test_half_clear_pixels_mix_with_white():
    assert read_image(np.array([[[255, 0, 0, 128]]], np.uint8)).tolist() == [[[255, 127, 127]]]


def test_full_resolution_and_exact_pixels_survive():
    noise = np.random.default_rng(0).integers(0, 256, (1500, 1100, 3), dtype=np.uint8)
    np.testing.assert_array_equal(read_image(encode(Image.fromarray(noise), "PNG", compress_level=1)), noise)
    jpeg = encode(Image.fromarray(noise), "JPEG")
    np.testing.assert_array_equal(read_image(jpeg), np.asarray(Image.open(io.BytesIO(jpeg))))


def test_path_text_bytes_and_views_read_the_same(tmp_path):
    data = encode(red(), "PNG")
    path = tmp_path / "photo.unknown"  # the suffix decides nothing
    path.write_bytes(data)
    for source in (path, str(path), data, bytearray(data), memoryview(data)):
        np.testing.assert_array_equal(read_image(source), read_image(Image.open(path)))


LAZY = """
import sys
from PIL import Image, ImageFile
from unmask.media.images import read_image
before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
read_image(sys.argv[1])
assert "pillow_heif" not in sys.modules, "a PNG needs no HEIF"
assert read_image(sys.argv[2]).shape == (16, 24, 3)
assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
"""


def test_heif_is_registered_when_first_met_and_no_other_setting_of_pillow_changes(tmp_path):
    for name, format in (("a.png", "PNG"), ("a.heic", "HEIF")):
        (tmp_path / name).write_bytes(encode(red(), format))
    paths = [str(tmp_path / "a.png"), str(tmp_path / "a.heic")]
    done = subprocess.run([sys.executable, "-c", LAZY, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_many_threads_read_the_same():
    kinds = [make() for name, make, *_ in KINDS if "animated" not in name]
    expected = [read_image(data) for data in kinds]
    barrier = threading.Barrier(8)

    def read_all(_: int) -> Iterator[np.ndarray]:
        barrier.wait()
        return [read_image(data) for data in kinds]

    with ThreadPoolExecutor(8) as pool:
        for seen in pool.map(read_all, range(8)):
            for one, other in zip(seen, expected, strict=True):
                np.testing.assert_array_equal(one, other)


# --- orientation ---------------------------------------------------------------------------------------

# EXIF value -> where the corners stand in the file of a picture whose upright corners are R G / B W
STORED = {
    1: ("RG", "BW"),  # as it is
    2: ("GR", "WB"),  # mirrored
    3: ("WB", "GR"),  # upside down
    4: ("BW", "RG"),  # upside down and mirrored
    5: ("RB", "GW"),  # transposed
    6: ("GW", "RB"),  # lying on its left side
    7: ("WG", "BR"),  # transposed along the other diagonal
    8: ("BR", "WG"),  # lying on its right side
}
COLOURS = {"R": RED, "G": GREEN, "B": BLUE, "W": WHITE}


def corners(rows: tuple[str, str], block: int = 16) -> Image.Image:
    small = np.array([[COLOURS[letter] for letter in row] for row in rows], np.uint8)
    return Image.fromarray(small.repeat(block, 0).repeat(block + 8, 1))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("value", STORED)
def test_all_eight_exif_orientations_come_out_upright(value, format):
    exif = Image.Exif()
    exif[ORIENTATION] = value
    stored = corners(STORED[value])
    pixels = read_image(encode(stored, format, exif=exif, quality=95))
    width, height = stored.size
    assert pixels.shape == ((width, height, 3) if value >= 5 else (height, width, 3))
    seen = pixels[[4, 4, -5, -5], [4, -5, 4, -5]]
    np.testing.assert_allclose(seen, [RED, GREEN, BLUE, WHITE], atol=6)


@pytest.mark.parametrize("format", ["AVIF", "HEIF"])
@pytest.mark.parametrize("value", STORED)
def test_the_rotation_of_avif_and_heic_is_applied_once(value, format):
    exif = Image.Exif()
    exif[ORIENTATION] = value
    data = encode(corners(STORED[value]), format, exif=exif.tobytes(), quality=95)
    assert value == 1 or b"irot" in data or b"imir" in data
    pixels = read_image(data)
    seen = pixels[[4, 4, -5, -5], [4, -5, 4, -5]]
    np.testing.assert_allclose(seen, [RED, GREEN, BLUE, WHITE], atol=8)


def test_exif_orientation_without_a_rotation_of_its_own_does_not_turn_heic():
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    data = encode(red(), "HEIF", exif=exif)  # given as an object, the writer puts it into EXIF alone
    assert b"irot" not in data
    assert read_image(data).shape == (16, 24, 3)


EMPTY_RESOLUTION = (  # one over which Pillow drops the whole JPEG
    b"Exif\0\0MM\0*\0\0\0\x08\0\x02\x01\x1a\0\x02\0\0\0\0\0\0\0\0\x01\x28\0\x03\0\0\0\x01\0\x02\0\0\0\0\0\0"
)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
@pytest.mark.parametrize(
    "exif",
    [
        b"Exif\0\0",  # nothing in it
        b"Exif\0\0garbage, no TIFF header",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",  # points beyond its end
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x04abc\0\0\0\0\0",  # orientation is text
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x63\0\0\0\0\0\0",  # orientation 99
        EMPTY_RESOLUTION,
    ],
)
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_broken_exif_counts_as_none(format, exif):
    np.testing.assert_allclose(read_image(encode(red(), format, exif=exif, quality=95))[0, 0], RED, atol=4)


@pytest.mark.parametrize("format", ["AVIF", "HEIF"])
def test_broken_exif_of_avif_and_heic_counts_as_none(format):
    exif = Image.Exif()
    exif[MAKER] = "maker"
    data = encode(red(), format, exif=exif, quality=95)
    broken = data.replace(b"MM\0*", b"XXXX").replace(b"II*\0", b"XXXX")
    assert broken != data
    np.testing.assert_allclose(read_image(broken)[0, 0], RED, atol=4)


# --- arrays --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 1), (3, 5, 3), (3, 5, 4)])
def test_arrays_of_every_shape_become_rgb(shape):
    array = np.full(shape, 255, np.uint8)
    np.testing.assert_array_equal(read_image(array), np.full((3, 5, 3), 255, np.uint8))


def test_a_right_array_is_not_copied_and_a_strided_one_is_made_contiguous():
    array = np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)
    assert read_image(array) is array
    assert read_image(array[:, ::-1]).flags.c_contiguous
    np.testing.assert_array_equal(read_image(array[:, ::-1]), array[:, ::-1])


# --- folders -------------------------------------------------------------------------------------------


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


def names(root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in find_images(root)]


def test_images_are_found_sorted_and_hidden_ones_left_out(tmp_path):
    touch(tmp_path, "b.JPG", "a/2.png", "a/1.heic", "c.txt", ".hidden.jpg", ".git/x.png", "a/._1.png", "noext")
    (tmp_path / "folder.jpg").mkdir()
    assert names(tmp_path) == ["a/1.heic", "a/2.png", "b.JPG"]
    assert all(suffix == suffix.lower() and suffix[0] == "." for suffix in IMAGE_SUFFIXES)


def test_links_are_followed_once_and_loops_end(tmp_path):
    root, outside = tmp_path / "root", tmp_path / "outside"
    touch(root, "real/1.png")
    touch(outside, "2.png")
    touch(tmp_path, "beside/3.png", "beside.png")
    (root / "a_link_inside").symlink_to(root / "real")  # its pictures are listed under their own path
    (root / "link_outside").symlink_to(outside)
    (root / "real" / "loop").symlink_to(root)
    (root / "up").symlink_to(tmp_path)  # a loop too: it would list what stands beside the root
    (outside / "back").symlink_to(root)
    assert names(root) == ["link_outside/2.png", "real/1.png"]


def test_a_tree_deeper_than_pythons_stack_is_listed(tmp_path):
    deep = "/".join("d" * 150)
    touch(tmp_path, f"{deep}/1.png")
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 100)
    try:
        found = find_images(tmp_path)
    finally:
        sys.setrecursionlimit(before)
    assert found == [tmp_path / deep / "1.png"]


@pytest.mark.parametrize("root", ["missing", "missing/below", "file.png"])
def test_what_is_no_folder_cannot_be_listed(tmp_path, root):
    touch(tmp_path, "file.png")
    with pytest.raises(MediaError, match=r"Could not list .*: it is not a folder\. Give a folder"):
        find_images(tmp_path / root)


@pytest.mark.skipif(sys.platform == "win32", reason="needs Unix permissions")
def test_a_folder_that_may_be_read_and_not_entered_is_one_line(strangers_folder):
    touch(strangers_folder, "half/deeper/1.png")
    (strangers_folder / "half").chmod(0o400)
    with pytest.raises(MediaError, match=r"Could not list .*: Permission denied"):
        find_images(strangers_folder)


@pytest.mark.skipif(sys.platform == "win32", reason="needs Unix permissions")
def test_a_folder_below_a_closed_one_is_still_listed(strangers_folder, monkeypatch):
    touch(strangers_folder, "closed/deeper/here/1.png")
    monkeypatch.chdir(strangers_folder / "closed" / "deeper" / "here")
    (strangers_folder / "closed").chmod(0)
    assert find_images(Path()) == [Path("1.png")]


def test_a_picture_in_a_hidden_parent_is_still_found(tmp_path):
    touch(tmp_path, ".cache/set/1.png")
    assert names(tmp_path / ".cache" / "set") == ["1.png"]


# --- real pictures -------------------------------------------------------------------------------------


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data is not beside the project")
@pytest.mark.parametrize("folder", ["ffpp-c23-crops", "dfdc-faces/test", "stylegan-140k", "hardfake",
                                    "celeba-real-only"])  # fmt: skip
def test_real_pictures_read_as_pillow_reads_them(folder):
    paths = find_images(SHARED / folder)
    assert len(paths) > 100
    for path in paths[:: len(paths) // 25]:
        with Image.open(path) as image:
            np.testing.assert_array_equal(read_image(path), np.asarray(image.convert("RGB")))
