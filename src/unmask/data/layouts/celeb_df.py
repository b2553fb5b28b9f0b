"""Celeb-DF (v1 and v2): Celeb-real/, Celeb-synthesis/ and YouTube-real/.

Li et al., "Celeb-DF: A Large-scale Challenging Dataset for DeepFake Forensics", CVPR 2020.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from unmask.data.clips import find_clips
from unmask.data.folders import subfolders
from unmask.data.layouts import layouts
from unmask.schema import FAKE, REAL, Sample

CLASS_FOLDERS = {"celeb-real": REAL, "youtube-real": REAL, "celeb-synthesis": FAKE}
TEST_LIST = "List_of_testing_videos.txt"
CELEB_CLIP = re.compile(r"(id\d+)_(?:id\d+_)?(\d+)")


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
        """Yield every clip or frame of the class folders."""
        tests = _test_clips(root / TEST_LIST)
        for folder in subfolders(root):
            kind = folder.name.lower()
            for name, path in find_clips(folder) if kind in CLASS_FOLDERS else ():
                celeb = CELEB_CLIP.fullmatch(name)
                yield Sample(
                    path=str(path),
                    label=CLASS_FOLDERS[kind],
                    source_id=f"{celeb[1]}_{celeb[2]}" if celeb else f"{kind}/{name}",
                    video_id=f"{folder.name}/{name}",
                    method=folder.name,
                    split=None if tests is None else "test" if (kind, name) in tests else "train",
                )


def _test_clips(path: Path) -> set[tuple[str, str]] | None:
    """Return folder and name of every test clip, or None where there is no list."""
    if not path.is_file():
        return None
    listed = (PurePosixPath(line.split()[-1]) for line in path.read_text("utf-8").splitlines() if line.strip())
    return {(clip.parts[0].lower(), clip.stem) for clip in listed}
