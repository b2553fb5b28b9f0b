"""The command that repeats a verdict, as it stands in a report that somebody else reads."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from unmask.detector import Detector
from unmask.hub.loading import loading_options
from unmask.media.faces import HaarFinder


def repeat_command(name: str, detector: Detector, options: Sequence[str] = (), *, public: bool = False) -> list[str]:
    """Return the words that judge a file again as this detector did, typed in the file's own folder.

    Which folder that is stays private: it may hold names of people. The face finder is named where the other
    machine would take a better one.

    Args:
        name: The file's name or path.
        detector: What judged it.
        options: More options that the verdict depends on.
        public: For strangers: of a detector's folder its own name alone is told.
    """
    finder = ["UNMASK_FACE_MODEL=haar"] if detector.face_finder.name == HaarFinder.name else []
    file = Path(name).name
    file = f"./{file}" if file.startswith("-") else file  # else it would be read as an option
    loading = loading_options(detector)
    if public and loading == ["--detector", str(detector.folder)]:
        loading = ["--detector", detector.folder.name]
    return [*finder, "unmask", "predict", *options, *loading, file]


def shell_line(words: Sequence[str]) -> str:
    """Return words as one line for bash or zsh, with no character in it that cannot be printed."""
    return " ".join(_quote(word, ascii_only=False) for word in words)


def shell_lines(words: Sequence[str], width: int) -> str:
    """Return words for bash or zsh in ASCII, in lines of at most `width` characters that end in a backslash.

    They are for paper: what is copied from it is the command still. A word that is longer has a longer line.
    """
    lines = [""]
    for word in (_quote(word, ascii_only=True) for word in words):
        if lines[-1] and len(lines[-1]) + len(word) + 3 > width:  # a space before it, and one with the backslash
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return " \\\n".join(lines)


def _quote(word: str, ascii_only: bool) -> str:
    if word.isprintable() and (word.isascii() or not ascii_only):
        return shlex.quote(word)
    return "$'" + "".join(_escape(byte) for byte in os.fsencode(word)) + "'"


def _escape(byte: int) -> str:
    character = chr(byte)
    if character in "\\'":
        return "\\" + character
    return character if 32 <= byte < 127 else f"\\x{byte:02x}"
