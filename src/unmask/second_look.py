"""A second look at a face by its finder: which way up it is, and whether it is a human one at all.

The finder is surer of a crop that is turned the right way, and not so sure of an animal's face, or of half a face.
Measured on the largest faces of 1,672 validation pictures of five data sets, as they are, and of every second turned by
each quarter:

- YuNet mistook 3 upright ones for turned, and told 661 of 662 upside down and all of 631 on their side. Of 891 real
  faces it hardly recognised 2 and of 781 fake ones 8, all of dfdc's; nor any of the three faces that it found in four
  photographs of cheetahs and a lion and one of a film's wooden figure.
- The cascades mistook 6 of the 1,611 that they found, and told 187 of 195 upside down and 66 of 80 on their side. Their
  confidence does not tell an animal: they are as unsure of a human profile.

YuNet's landmarks do not tell which way up a face is: it draws the eyes level in any. Faces on their side are looked for
only where the finder is not sure of the face as it stands, which spares most of those looks. A clip's crops are looked
at as they are kept, closer round the face: of 80 pictures of each of six data sets one more was told something.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from PIL import Image

from unmask.media.faces import FaceFinder
from unmask.preprocessing import crop_face
from unmask.schema import Box, Caution

MARGIN = 0.5
SURE = 0.9
"""A finder as sure as this of the face as it is sees none that lies on its side, so that those looks are spared."""
UPSIDE_DOWN, ON_ITS_SIDE = Caution("upside down", True), Caution("lying on its side", True)
HARDLY_HUMAN = Caution("hardly recognisable as a human face", True)


def look_again(finder: FaceFinder, image: np.ndarray, box: Box) -> Caution | None:
    """Return what a face (its box in uint8 RGB [H, W, 3]) is instead of an upright human one; None where it is one."""
    return look_at_crop(finder, crop_face(image, box, MARGIN))


def look_at_most(finder: FaceFinder, crops: Sequence[np.ndarray]) -> Caution | None:
    """Return the same of one person's crops (each uint8 RGB [S, S, 3]), by most of them."""
    seen = [caution for caution in (look_at_crop(finder, crop) for crop in crops) if caution is not None]
    return Counter(seen).most_common(1)[0][0] if 2 * len(seen) > len(crops) else None


def look_at_crop(finder: FaceFinder, crop: np.ndarray) -> Caution | None:
    """Return the same of the face in a crop (uint8 RGB [S, S, 3])."""
    side = finder.closer_side
    if len(crop) > side:
        crop = np.asarray(Image.fromarray(crop).resize((side, side), Image.Resampling.BOX))
    surest, turned = _confidence(finder, crop), None
    quarters = {2: UPSIDE_DOWN} | ({} if surest >= SURE else {1: ON_ITS_SIDE, 3: ON_ITS_SIDE})
    for count, caution in quarters.items():
        confidence = _confidence(finder, np.ascontiguousarray(np.rot90(crop, count)))
        if confidence > surest:
            surest, turned = confidence, caution
    return turned or (HARDLY_HUMAN if surest < finder.doubtful else None)


def _confidence(finder: FaceFinder, crop: np.ndarray) -> float:
    return max((face.confidence for face in finder.find_faces(crop)), default=0.0)
