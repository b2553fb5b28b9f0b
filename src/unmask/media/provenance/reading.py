"""The one way from a file to its provenance."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

from unmask.errors import UnreadableImage, UnreadableVideo
from unmask.media.image_bytes import Refusal, one_line, open_image, read_bytes
from unmask.media.images import name_of_source
from unmask.media.provenance.credentials import holds_credentials, read_credentials
from unmask.media.provenance.metadata import read_metadata
from unmask.media.provenance.record import ContentCredentials, Provenance
from unmask.media.video_bytes import find_container, holds_clip, name_of

_PICTURE_TYPES = {
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
    "HEIF": "image/heic",
}
"""Pillow's formats that can hold Content Credentials."""
_CLIP_TYPES = {"mov": "video/mp4", "avi": "video/avi"}
_CLIP_METADATA = "metadata of a clip other than Content Credentials"


def read_provenance(source: str | os.PathLike[str] | bytes) -> Provenance:
    """Read what a picture or clip says of where it comes from: Content Credentials and metadata.

    Nothing is fetched, nothing is decoded, and what is found changes no verdict. Of clips (by path: MP4, MOV,
    AVI) only the Content Credentials are read. A signer is trusted who is in the PEM file that the variable
    `UNMASK_C2PA_TRUST` names. Checking needs `c2pa-python` (`pip install 'unmask[app]'`); without it the status
    of whatever is there is `unchecked`.

    Args:
        source: A path, or the bytes of a picture.

    Raises:
        UnreadableImage: The source is no picture that is accepted, or its header is damaged.
        UnreadableVideo: The clip cannot be opened.
        UnmaskError: The trust list cannot be read.

    Example:
        >>> provenance = read_provenance("portrait.jpg")  # doctest: +SKIP
        >>> provenance.credentials.status, provenance.declares_ai  # doctest: +SKIP
        ('valid', 'untrusted')
        >>> print(*provenance.sentences(), sep="\\n")  # doctest: +SKIP
    """
    if isinstance(source, str | os.PathLike) and holds_clip(Path(source)):
        return _read_clip(Path(source))
    try:
        return _read_picture(read_bytes(source))
    except Refusal as refusal:
        raise UnreadableImage(f"Could not read {name_of_source(source)}: {refusal}") from refusal.__cause__


def _read_picture(data: bytes) -> Provenance:
    image = open_image(data)
    fields, unread, address = read_metadata(image)
    mime = _PICTURE_TYPES.get(image.format or "")
    credentials = ContentCredentials("absent")
    if mime and holds_credentials(data):
        credentials = read_credentials(BytesIO(data), mime)
    if credentials.status == "absent" and address:
        credentials = ContentCredentials("remote", address=one_line(address))
    return Provenance(credentials, tuple(fields), tuple(unread))


def _read_clip(path: Path) -> Provenance:
    mime = _CLIP_TYPES.get(find_container(path))
    if mime is None:  # Matroska and MPEG-TS have no place for Content Credentials
        return Provenance(ContentCredentials("absent"), unread=(_CLIP_METADATA,))
    try:
        with path.open("rb") as file:
            return Provenance(read_credentials(file, mime), unread=(_CLIP_METADATA,))
    except OSError as error:
        raise UnreadableVideo(f"Could not read {name_of(path)}: {error.strerror}. Check its permissions.") from error
