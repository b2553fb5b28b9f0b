"""Zip files: their members one at a time, in memory alone and never on disk.

A zip from outside can name a million members, unpack a kilobyte to a gigabyte, hold itself, or name a path above
the folder it is unpacked into (Fifield, "A better zip bomb", 2019). So its end record is read first, the sizes it
claims are held to limits before anything is unpacked, and no more than one member is in memory.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from unmask.errors import MediaError
from unmask.media.image_bytes import MAX_FILE_BYTES, one_line

MAX_ZIP_BYTES = 256 * 2**20
MAX_ENTRIES = 1000
MAX_UNPACKED_BYTES = 2**30
MAX_LIST_BYTES = 2**20
"""Of the list of members, which is read whole: about a kilobyte for each."""
ZIP_START = b"PK\x03\x04"
_END, _END_SIZE, _LONGEST_COMMENT = b"PK\x05\x06", 22, 2**16 - 1
_LOCATOR, _LOCATOR_SIZE = b"PK\x06\x07", 20  # of a 64-bit zip's second end record, before the first one
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others may ask for gigabytes to unpack with
_ENCRYPTED = 1


def is_zip(path: Path) -> bool:
    """Return whether a file starts as a zip does, or is called one."""
    if path.suffix.lower() == ".zip":
        return True
    with path.open("rb") as file:
        return file.read(4) == ZIP_START


def list_zip(path: Path) -> list[zipfile.ZipInfo]:
    """Return the members of a zip that are files, hidden ones and macOS's own left out, in their order.

    Raises:
        MediaError: It is no whole zip, or has or unpacks to more than the limits allow; in one line.
    """
    name = one_line(path.name)
    try:
        with path.open("rb") as file:
            _check_end(file, path.stat().st_size, name)
        with zipfile.ZipFile(path) as archive:
            # Python 3.11's own `is_dir` raises IndexError on a member without a name.
            files = [member for member in archive.infolist() if not member.filename.endswith("/")]
            members = [member for member in files if not _is_hidden(member)]
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, struct.error) as error:
        raise MediaError(f"Could not read {name}: not a whole zip file. Make it again and try once more.") from error
    if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
        raise MediaError(
            f"Could not read {name}: it unpacks to more than {MAX_UNPACKED_BYTES // 2**20} MiB. Split it up."
        )
    if not members:
        raise MediaError(f"Could not read {name}: there is no file in it. Put pictures into it.")
    return members


def read_zip(path: Path) -> Iterator[tuple[str, bytes | MediaError]]:
    """Yield name and bytes of each member of a zip, or in place of the bytes why it cannot be read.

    Raises:
        MediaError: The zip as a whole is refused; see `list_zip`.
    """
    members = list_zip(path)
    with zipfile.ZipFile(path) as archive:
        for member in members:
            name = one_line(member.filename)
            try:
                yield name, _read_member(archive, member)
            except MediaError as error:
                yield name, MediaError(f"Could not read {name}: {error}")


def _check_end(file: BinaryIO, size: int, name: str) -> None:
    """Refuse a zip by its end record: `zipfile` would read the whole list of members, however long."""
    if size > MAX_ZIP_BYTES:
        raise MediaError(f"Could not read {name}: it is larger than {MAX_ZIP_BYTES // 2**20} MiB. Split it up.")
    file.seek(max(0, size - _LOCATOR_SIZE - _END_SIZE - _LONGEST_COMMENT))
    tail = file.read()
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < _END_SIZE:
        raise zipfile.BadZipFile
    entries, list_bytes = struct.unpack("<HL", tail[place + 10 : place + 16])
    too_many = f"Could not read {name}: it has more than {MAX_ENTRIES} entries. Split it up."
    # A 64-bit zip, which has a second end record, is only made of more than this.
    if entries > MAX_ENTRIES or list_bytes > MAX_LIST_BYTES or _LOCATOR in tail[max(0, place - _LOCATOR_SIZE) : place]:
        raise MediaError(too_many)


def _is_hidden(member: zipfile.ZipInfo) -> bool:
    parts = _parts(member)
    return "__MACOSX" in parts or (parts[-1].startswith(".") and parts[-1] != "..")


def _parts(member: zipfile.ZipInfo) -> list[str]:
    """Return the folders and the name of a member, whichever system's separator it has."""
    return member.filename.replace("\\", "/").split("/")


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Return a member's bytes; raises MediaError with the reason and what to do, without its name."""
    parts = _parts(member)
    if ".." in parts or parts[0] == "" or ":" in parts[0]:
        raise MediaError("its name leads out of the zip's folder. Make the zip again without such names.")
    if member.flag_bits & _ENCRYPTED:
        raise MediaError("it is encrypted. Make the zip again without a password.")
    if member.compress_type not in _METHODS:
        raise MediaError("it is packed in an uncommon way. Make the zip again with plain (deflate) compression.")
    if member.file_size > MAX_FILE_BYTES:
        raise MediaError(f"it unpacks to more than {MAX_FILE_BYTES // 2**20} MiB. Save it smaller and try again.")
    try:
        with archive.open(member) as file:
            content = file.read(member.file_size + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError) as error:
        raise MediaError("it is damaged. Make the zip again and try once more.") from error
    if content.startswith(ZIP_START) or parts[-1].lower().endswith(".zip"):
        raise MediaError("a zip inside a zip is not opened. Unpack it and give its files.")
    return content
