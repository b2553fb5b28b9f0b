"""Detector: a detector folder that judges faces. Imports no torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from unmask.calibration import fake_probabilities
from unmask.cautions import find_cautions
from unmask.clips import FRAMES, Progress, judge_clip
from unmask.detector_folder import ONNX, WEIGHTS, check_folder
from unmask.errors import BrokenDetector
from unmask.files import file_digest
from unmask.media.faces import FaceFinder, make_face_finder
from unmask.media.images import Picture, read_picture
from unmask.preprocessing import crop_box, crop_face, prepare_crop, touches_border
from unmask.runtimes.onnx import WEIGHTS_DIGEST, OnnxRuntime, Outputs
from unmask.schema import Box, Compression, FacePrediction, ImagePrediction, VideoPrediction
from unmask.second_look import look_again
from unmask.verdicts import Assessment, conclude, explain, most_fake

BATCH = 16
MOST_FACES = 200
"""Faces judged of one picture, the largest ones: a wall of faces costs no more than these."""
NO_FACE = (
    "No face was found, so there is nothing to judge. Try a picture in which a face is larger and seen from the front."
)


class Detector:
    """A detector folder, loaded and ready to judge.

    Example:
        >>> from unmask import load_detector
        >>> prediction = load_detector().predict_image("portrait.jpg")  # doctest: +SKIP
        >>> prediction.verdict, prediction.fake_probability  # doctest: +SKIP
        ('real', 0.03)
    """

    def __init__(self, folder: Path | str, face_finder: FaceFinder | None = None, name: str | None = None) -> None:
        """Load the folder strictly.

        Args:
            folder: A detector folder.
            face_finder: What finds the faces (`unmask.media.faces.FaceFinder`); None is the bundled Haar finder.
            name: What predictions call the detector; None is `<settings name>@<start of the ONNX sha256>`.

        Raises:
            DetectorNotFound: There is no detector there.
            BrokenDetector: A file is missing, damaged or contradicts the others.
        """
        self.folder = Path(folder)
        config = check_folder(self.folder)
        self.settings, self.input_spec = config.settings, config.input_spec
        self.face_finder = face_finder or make_face_finder()
        self._runtime = OnnxRuntime(self.folder / ONNX)
        self._check_agreement()
        self.name = name or f"{self.settings.name}@{file_digest(self.folder / ONNX)[:8]}"

    @property
    def has_activation_map(self) -> bool:
        """Whether faces come with a map of where the network looked."""
        return self._runtime.has_activation_map

    def predict_image(self, source: str | Path | bytes | np.ndarray | Image.Image | Picture) -> ImagePrediction:
        """Judge every face of a picture, and the picture by its most fake face.

        The picture's verdict and `fake_probability` are those of the face with the highest
        `fake_probability`: one forged face makes a forged picture. A face that is called `fake` goes before
        those that cannot be judged. Of more than 200 faces the largest are judged. Without a face the verdict is
        `no_face`, with a reason and never a number.

        Args:
            source: A path, the bytes of a file, an RGB array (uint8 [H, W, 3]), a Pillow image, or what
                `read_picture` made of one.

        Raises:
            UnreadableImage: The source is no picture that can be decoded safely.
        """
        picture = source if isinstance(source, Picture) else read_picture(source)
        image = picture.pixels
        boxes = [face.box for face in self.face_finder.find_faces(image)]
        faces, left_out = self._judge(image, boxes[:MOST_FACES], picture.compression), len(boxes[MOST_FACES:])
        top = most_fake(faces)
        return ImagePrediction(
            verdict="no_face" if top is None else top.verdict,
            fake_probability=None if top is None else top.fake_probability,
            faces=faces,
            reason=self._reason(faces, left_out),
            face_finder=self.face_finder.name,
            detector=self.name,
            width=image.shape[1],
            height=image.shape[0],
            faces_left_out=left_out,
        )

    def predict_video(
        self, path: str | os.PathLike[str], frames: int = FRAMES, progress: Progress | None = None
    ) -> VideoPrediction:
        """Judge every person of a clip, and the clip by its most fake person.

        The frames lie evenly over the whole clip. Faces are followed from frame to frame, and a person's fake
        probability is that of the mean of the logits of all their frames; the thresholds are the detector's,
        which were set on single pictures. A person is `uncertain` where most of their frames leave no ground for
        a verdict, as such pictures do. A face seen in less than a quarter as many frames as the most seen
        person is `brief`, often a mistake of the face finder, and does not decide over the clip.

        Args:
            path: The clip: MP4, MOV, MKV, WebM, AVI or MPEG-TS, with or without sound.
            frames: How many frames to judge, 1 or more; a shorter clip is judged whole.
            progress: Called with the frames done and the frames wanted, after each frame.

        Raises:
            UnreadableVideo: The file is no such clip, too large, or not one frame can be decoded; what was given
                is no path; or PyAV, which the `app` and `train` extras bring, is not installed.

        Example:
            >>> from unmask import load_detector
            >>> prediction = load_detector().predict_video("clip.mp4")  # doctest: +SKIP
            >>> prediction.verdict, [person.fake_probability for person in prediction.people]  # doctest: +SKIP
            ('fake', [0.91, 0.04])
        """
        return judge_clip(self, path, frames, progress)

    def predict_faces(self, image: np.ndarray, compression: Compression | None = None) -> tuple[FacePrediction, ...]:
        """Find and judge the faces of a decoded picture (uint8 RGB [H, W, 3]), largest first, 200 at most.

        `compression` is that of the file it came from, where it is known.
        """
        boxes = [face.box for face in self.face_finder.find_faces(image)]
        return self._judge(image, boxes[:MOST_FACES], compression)

    def _judge(
        self, image: np.ndarray, boxes: Sequence[Box], compression: Compression | None
    ) -> tuple[FacePrediction, ...]:
        margin, high, wide = self.settings.crop_margin, *image.shape[:2]
        faces = []
        for number, (box, seen) in enumerate(zip(boxes, self.assess_faces(image, boxes, compression), strict=True), 1):
            cautions = seen.cautions
            verdict, reasons = conclude(seen.fake_probability, cautions, self.settings)
            # The dearest look, which only takes a verdict away: spared where there is none.
            if verdict != "uncertain" and (found := look_again(self.face_finder, image, box)):
                cautions = (found, *cautions)
                verdict, reasons = conclude(seen.fake_probability, cautions, self.settings)
            faces.append(
                FacePrediction(
                    box=box,
                    fake_probability=seen.fake_probability,
                    verdict=verdict,
                    crop_box=crop_box(box, margin, wide, high),
                    activation_map=seen.activation_map,
                    number=number,
                    cut_off=touches_border(box, wide, high),
                    reasons=reasons,
                    cautions=cautions,
                )
            )
        return tuple(faces)

    def assess_faces(
        self, image: np.ndarray, boxes: Sequence[Box], compression: Compression | None = None
    ) -> list[Assessment]:
        """Return what is to be said of each face of a picture or frame (uint8 RGB [H, W, 3]) before any verdict."""
        crops = [crop_face(image, box, self.settings.crop_margin) for box in boxes]
        said = self._run(crops)
        limit = self.settings.novelty_limit
        seen = []
        for index, probability in enumerate(fake_probabilities(said.logits).tolist()):
            is_novel = limit is not None and said.novelty is not None and bool(said.novelty[index] > limit)
            cautions = find_cautions(boxes[index], crops[index], compression, is_novel, self.settings.limits)
            map_ = None if said.activation_map is None else said.activation_map[index]
            seen.append(Assessment(probability, cautions, crops[index], map_))
        return seen

    def score_faces(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        """Return the fake probability, float64 [N], of N square face crops (uint8 RGB [S, S, 3])."""
        return fake_probabilities(self._run(crops).logits)

    def _check_agreement(self) -> None:
        """Raise BrokenDetector where the files are each whole but of different detectors."""
        shape = self._runtime.input_shape
        if list(shape[1:]) != [3, self.input_spec.size, self.input_spec.size]:
            raise BrokenDetector(
                f"{self.folder / ONNX} takes {shape[1:]}, config.json says input_size {self.input_spec.size}. "
                "They are of different detectors: export it again."
            )
        weights, digest = self.folder / WEIGHTS, self._runtime.metadata.get(WEIGHTS_DIGEST)
        if digest is not None and weights.is_file() and file_digest(weights) != digest:
            raise BrokenDetector(
                f"{self.folder / ONNX} was not made from {weights.name} beside it. They are of different "
                "detectors: download or export both again."
            )

    def _run(self, crops: Sequence[np.ndarray]) -> Outputs:
        """Return what the network says of N crops, in batches; of both views of each where it is to see both."""
        said: tuple[list[np.ndarray], ...] = ([np.empty((0, 2))], [], [])
        for start in range(0, len(crops), BATCH):
            batch = np.stack([prepare_crop(crop, self.input_spec) for crop in crops[start : start + BATCH]])
            outputs = self._run_views(batch) if self.settings.mirrored else self._runtime.run(batch)
            for parts, part in zip(said, outputs, strict=True):
                if part is not None:
                    parts.append(part)
        logits, maps, novelties = (np.concatenate(parts) if parts else None for parts in said)
        assert logits is not None
        return Outputs(logits, maps, novelties)

    def _run_views(self, batch: np.ndarray) -> Outputs:
        """Return the mean of what the network says of faces [N, 3, S, S] and of their mirror images.

        The maps of the mirror images are turned back before they are averaged.
        """
        both, count = self._runtime.run(np.concatenate([batch, batch[..., ::-1]])), len(batch)
        return Outputs(
            logits=(both.logits[:count] + both.logits[count:]) / 2,
            activation_map=_mean_map(both.activation_map, count),
            novelty=None if both.novelty is None else (both.novelty[:count] + both.novelty[count:]) / 2,
        )

    def _reason(self, faces: tuple[FacePrediction, ...], left_out: int) -> str:
        """Return in one sentence what the picture's verdict rests on, and in another which faces were not judged."""
        top = most_fake(faces)
        if top is None:
            return NO_FACE
        which = "The face" if len(faces) == 1 else f"Face {top.number}, the most fake of {len(faces)} faces,"
        rest = f" Only the {len(faces)} largest were judged: {left_out} more were left out." if left_out else ""
        return f"{which} has fake probability {top.fake_probability:.3f}, {explain(top, self.settings)}.{rest}"


def _mean_map(maps: np.ndarray | None, count: int) -> np.ndarray | None:
    return None if maps is None else (maps[:count] + maps[count:, :, ::-1]) / 2
