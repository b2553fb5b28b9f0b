"""What `unmask predict` judges: files, what folders hold, and standard input; side by side, told in order."""

from __future__ import annotations

import os
import sys
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import TYPE_CHECKING

from unmask.errors import MediaError

if TYPE_CHECKING:
    from unmask.detector import Detector
    from unmask.schema import ImagePrediction, VideoPrediction

    Prediction = ImagePrediction | VideoPrediction
    Progress = Callable[[int, int], None]

STDIN = "-"
WORKERS = 2
AHEAD = 8
"""How many pictures may be judged before the reader has taken the first: enough to keep the workers busy."""
WAKING_SECONDS = 0.1
"""How often the main thread looks up from its wait: a Ctrl-C that strikes as the wait begins is seen only then."""
KINDS_NAMED = 8
"""Of the files that are passed over, so that it stays a line."""
REFUSED_CLIPS = frozenset({".wmv", ".asf", ".flv", ".mpg", ".mpeg", ".vob", ".ogv"})
"""Containers that are not read: the clips’ reader says so, and what to do; the pictures’ would speak of pictures."""

Content = Path | bytes | MediaError
"""What stands behind a name: a file, bytes from standard input, or why there is neither."""


def find_sources(files: list[str]) -> tuple[list[tuple[str, Content]], Counter[str]]:
    """Return name and content of every file, folders replaced by the pictures and clips below them.

    Beside them: how many files of other kinds the folders hold, of each kind.
    """
    sources: list[tuple[str, Content]] = []
    others: Counter[str] = Counter()
    for name in files:
        if name == STDIN:
            sources.append((name, _read_stdin()))
        elif not os.path.isdir(name):  # noqa: PTH112  pathlib's raises where a parent may not be read
            sources.append((name, Path(name)))
        else:
            found, passed = _search(name)
            sources += found
            others += passed
    return sources, others


def _search(folder: str) -> tuple[list[tuple[str, Content]], Counter[str]]:
    from unmask.media.images import IMAGE_SUFFIXES, walk_files
    from unmask.media.video_bytes import VIDEO_SUFFIXES

    try:
        kinds = [(path, _kind(path)) for path in walk_files(Path(folder))]
    except MediaError as error:
        return [(folder, error)], Counter()
    read = IMAGE_SUFFIXES | VIDEO_SUFFIXES
    found: list[tuple[str, Content]] = [(str(path), path) for path, kind in kinds if kind in read]
    nothing = MediaError(f"Could not find a picture or clip in {shown(folder)}. Name another folder.")
    return found or [(folder, nothing)], Counter(kind for _, kind in kinds if kind not in read)


def _kind(path: Path) -> str:
    return "hidden" if path.name.startswith(".") else path.suffix.lower() or "without ending"


def not_looked_at(others: Counter[str]) -> str:
    """Return the line that says what of folders was passed over; `others` is not empty."""
    count, kinds = others.total(), [shown(kind) for kind, _ in others.most_common(KINDS_NAMED)]
    more = ", …" if len(others) > KINDS_NAMED else ""
    return f"Not looked at: {count} {'file' if count == 1 else 'files'} of other kinds ({', '.join(kinds)}{more})."


def _read_stdin() -> bytes | MediaError:
    """Read a picture, here and not beside other work: a worker blocked on a terminal could not be stopped."""
    from unmask.media.image_bytes import MAX_FILE_BYTES
    from unmask.media.video_bytes import container_of

    data = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    if container_of(data):  # one is read in several passes
        return MediaError("Could not read standard input: it is a clip. Save it as a file and give its name.")
    return data


def judge_all(
    detector: Detector, contents: list[Content], frames: int, progress: Progress
) -> Iterator[Prediction | MediaError]:
    """Judge the files side by side and yield the outcomes in order."""
    waiting: deque[Future[Prediction | MediaError]] = deque()
    pool = ThreadPoolExecutor(WORKERS)
    try:
        for content in contents:
            waiting.append(pool.submit(_judge, detector, content, frames, progress))
            if len(waiting) > AHEAD:
                yield _outcome(waiting.popleft())
        while waiting:
            yield _outcome(waiting.popleft())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _outcome(future: Future[Prediction | MediaError]) -> Prediction | MediaError:
    while not future.done():
        wait([future], WAKING_SECONDS)
    return future.result()


def _judge(detector: Detector, content: Content, frames: int, progress: Progress) -> Prediction | MediaError:
    if isinstance(content, MediaError):
        return content
    try:
        if isinstance(content, Path) and is_judged_as_clip(content):
            return detector.predict_video(content, frames, progress)
        return detector.predict_image(content)
    except MediaError as error:
        return error


def is_judged_as_clip(path: Path) -> bool:
    """Say whether a file goes to the reader of clips: by its name, or by its first bytes where that says nothing."""
    from unmask.media.images import IMAGE_SUFFIXES
    from unmask.media.video_bytes import holds_clip, is_clip

    ending = path.suffix.lower()
    return is_clip(path) or ending in REFUSED_CLIPS or (ending not in IMAGE_SUFFIXES and holds_clip(path))


def name_whole(error: MediaError, name: str) -> str:
    """Return the error's line with the name as it was given; the error itself leaves the folder out."""
    from unmask.media.image_bytes import one_line

    for short in (one_line(Path(name).name), "the uploaded bytes"):
        start = f"Could not read {short}: "
        if str(error).startswith(start):
            what = "standard input" if name == STDIN else shown(name)
            return f"Could not read {what}: {str(error).removeprefix(start)}"
    return str(error)


def shown(name: str) -> str:
    """Return a name that stays on one line and that every terminal takes."""
    return "".join(character if character.isprintable() else "?" for character in name)
