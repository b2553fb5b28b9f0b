"""Uploaded files: the path that Gradio hands over, believed only where it lies in Gradio's own folder."""

from __future__ import annotations

from pathlib import Path

from gradio.utils import get_upload_folder

from unmask.errors import MediaError


def find_upload(upload: object) -> Path:
    """Return the path of an uploaded file.

    Args:
        upload: What Gradio passes on of a file: a dict with its `path`.

    Raises:
        MediaError: There is no path, or one that the caller made up to have another file of this machine read.
    """
    path = upload.get("path") if isinstance(upload, dict) else None
    if not isinstance(path, str) or "\0" in path:
        raise MediaError("No file arrived. Choose, paste or drag one; a program sends handle_file(path).")
    file = Path(path).resolve()
    if not file.is_relative_to(Path(get_upload_folder()).resolve()):
        raise MediaError("This file was not uploaded. Upload it first; gradio_client's handle_file(path) does so.")
    return file


def find_uploads(uploads: object) -> list[Path]:
    """Return the paths of uploaded files, none for None; raises MediaError as `find_upload` does."""
    if not uploads:
        return []
    return [find_upload(upload) for upload in (uploads if isinstance(uploads, list) else [uploads])]
