"""Every error Unmask raises on purpose.

    UnmaskError                    what, where and what next, in one line
    ├── MediaError                 a file from outside could not be used
    │   ├── UnreadableImage        not an image we accept, damaged, or too large
    │   └── UnreadableVideo        no frame could be decoded
    ├── DetectorError              a detector folder is not whole
    │   ├── DetectorNotFound       nothing there, or no network to fetch it
    │   └── BrokenDetector         a file is missing, truncated or contradicts the others
    ├── DataError                  a data set is not what its layout promises
    │   └── UnknownLayout          no layout recognises the folder
    ├── MetricError                a metric cannot be computed on these scores
    ├── TrainingError              a run cannot start or go on
    └── HubError                   the Hub refused, or could not be reached

Command lines print the message alone and exit with a code; a traceback means a defect of ours.
"""

from __future__ import annotations


class UnmaskError(Exception):
    """Base of every error that Unmask raises on purpose."""


class MediaError(UnmaskError):
    """A file from outside could not be used."""


class UnreadableImage(MediaError):
    """Not an image we accept, damaged, or too large to decode safely."""


class UnreadableVideo(MediaError):
    """No frame of the clip could be decoded."""


class DetectorError(UnmaskError):
    """A detector folder is not whole."""


class DetectorNotFound(DetectorError):
    """There is no detector at that place."""


class BrokenDetector(DetectorError):
    """A file of the detector folder is missing, truncated or contradicts the others."""


class DataError(UnmaskError):
    """A data set is not what its layout promises."""


class UnknownLayout(DataError):
    """No layout recognises the folder."""


class MetricError(UnmaskError):
    """A metric cannot be computed on these labels and scores."""


class TrainingError(UnmaskError):
    """A run cannot start or go on."""


class HubError(UnmaskError):
    """The Hub refused, or could not be reached."""
