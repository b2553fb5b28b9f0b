"""A folder of real pictures without any label; read only when it is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from unmask.data.labels import REAL_METHOD
from unmask.data.layouts import layouts
from unmask.media.images import find_images
from unmask.schema import REAL, Sample


@layouts.register("real_only")
class RealOnly:
    """Pictures that the user vouches are all real, each its own source.

    Never recognised by itself: nothing in such a folder says that its pictures are real.
    """

    specificity = 0
    expects = "pictures without labels, all real; only when named with --layout real_only"
    signs: tuple[str, ...] = (".jpg", ".jpeg", ".png", ".webp")

    def recognises(self, root: Path) -> bool:
        """Return False: an unlabelled folder is never taken for real unasked."""
        return False

    def read(self, root: Path) -> Iterator[Sample]:
        """Yield every picture below the root as real."""
        for path in find_images(root):
            name = path.relative_to(root).with_suffix("").as_posix()
            yield Sample(str(path), REAL, source_id=name, video_id=name, method=REAL_METHOD)
