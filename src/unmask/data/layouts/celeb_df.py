"""Celeb-DF (v1 and v2): Celeb-real/, Celeb-synthesis/ and YouTube-real/.

Li et al., "Celeb-DF: A Large-scale Challenging Dataset for DeepFake Forensics", CVPR 2020.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from unmask.data.clip_names import footage_of
from unmask.data.clips import find_clips
from unmask.data.folders import subfolders
from unmask.data.layouts import layouts
from unmask.errors import DataError
from unmask.schema import FAKE, REAL, Sample

CLASS_FOLDERS = {"celeb-real": REAL, "youtube-real": REAL, "celeb-synthesis": FAKE}
TEST_LIST = "List_of_testing_videos.txt"


@layouts.register("celeb_df")
class CelebDf:
    """Celeb-DF's clips, or frames cut from them, and its official list of test clips.

    `id0_id1_0003` is the footage id0_0003 with the face of id1; the footage is the source. Where
    `List_of_testing_videos.txt` is present its clips are `test` and all others `train`; without it there
    is no split. The label comes from the folder: the list writes 1 for real.
    """

    specificity = 40
    expects = "Celeb-real/, Celeb-synthesis/ and YouTube-real/"
    signs: tuple[str, ...] = ("celeb-", "youtube-real", "list_of_testing")

    def recognises(self, root: Path) -> bool:
        """Say whether the root has a real and a synthesis folder of Celeb-DF."""
        return {"celeb-real", "celeb-synthesis"} <= {folder.name.lower() for folder in subfolders(root)}

    def read(self, root: Path) -> Iterator[Sample]:
        """Yield every clip or frame of the class folders.

        Raises:
            DataError: The official list is damaged, or names none of the clips.
        """
        tests = _test_clips(root / TEST_LIST)
        clips = [
            (folder, name, path)
            for folder in subfolders(root)
            if folder.name.lower() in CLASS_FOLDERS
            for name, path in find_clips(folder)
        ]
        if tests and clips and tests.isdisjoint((folder.name.lower(), name) for folder, name, _ in clips):
            raise DataError(
                f"No clip below {root} is in its {TEST_LIST}. Put the frames of a clip into a folder of the clip's "
                "name, or take the list away."
            )
        for folder, name, path in clips:
            kind = folder.name.lower()
            footage = footage_of(name) if kind.startswith("celeb") else None
            yield Sample(
                path=str(path),
                label=CLASS_FOLDERS[kind],
                source_id=footage or f"{kind}/{name}",
                video_id=f"{folder.name}/{name}",
                method=folder.name,
                split=None if tests is None else "test" if (kind, name) in tests else "train",
            )


def _test_clips(path: Path) -> set[tuple[str, str]] | None:
    """Return folder and name of every test clip, or None where there is no list.

    Raises:
        DataError: A line is no label and clip, or its label (1 is real) contradicts the clip's folder.
    """
    if not path.is_file():
        return None
    clips = set()
    for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), start=1):
        if not line.strip():
            continue
        clip = PurePosixPath(line.split()[-1])
        folder = clip.parts[0].lower()
        if len(clip.parts) != 2 or folder not in CLASS_FOLDERS:
            raise DataError(f"{path}, line {number}: {line.strip()[:80]!r} names no clip. Fetch the list again.")
        if line.split()[0] != "01"[CLASS_FOLDERS[folder] == REAL]:
            raise DataError(f"{path}, line {number}: the label is not that of {clip.parts[0]} (1 is real there).")
        clips.add((folder, clip.stem))
    return clips
