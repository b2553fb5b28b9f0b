"""Detector: a detector folder that judges faces. Imports no torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from unmask.calibration import fake_probabilities, verdict_of
from unmask.clips import FRAMES, Progress, judge_clip
from unmask.detector_folder import ONNX, WEIGHTS, check_folder
from unmask.errors import BrokenDetector
from unmask.files import file_digest
from unmask.media.faces import FaceFinder, make_face_finder
from unmask.media.images import read_image
from unmask.preprocessing import crop_box, crop_face, prepare_crop, touches_border
from unmask.runtimes.onnx import WEIGHTS_DIGEST, OnnxRuntime
from unmask.schema import FacePrediction, ImagePrediction, VideoPrediction

BATCH = 16
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
            face_finder: What finds the faces; None is the bundled Haar finder.
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

    def predict_image(self, source: str | Path | bytes | np.ndarray | Image.Image) -> ImagePrediction:
        """Judge every face of a picture, and the picture by its most fake face.

        The picture's verdict and `fake_probability` are those of the face with the highest
        `fake_probability`: one forged face makes a forged picture. Without a face the verdict is
        `no_face`, with a reason and never a number.

        Args:
            source: A path, the bytes of a file, an RGB array (uint8 [H, W, 3]) or a Pillow image.

        Raises:
            UnreadableImage: The source is no picture that can be decoded safely.
        """
        image = read_image(source)
        faces = self.predict_faces(image)
        top = max(faces, key=lambda face: face.fake_probability, default=None)
        return ImagePrediction(
            verdict="no_face" if top is None else top.verdict,
            fake_probability=None if top is None else top.fake_probability,
            faces=faces,
            reason=self._reason(faces),
            face_finder=self.face_finder.name,
            detector=self.name,
            width=image.shape[1],
            height=image.shape[0],
        )

    def predict_video(
        self, path: str | os.PathLike[str], frames: int = FRAMES, progress: Progress | None = None
    ) -> VideoPrediction:
        """Judge every person of a clip, and the clip by its most fake person.

        The frames lie evenly over the whole clip. Faces are followed from frame to frame, and a person's fake
        probability is that of the mean of the logits of all their frames; the thresholds are the detector's,
        which were set on single pictures. A face seen in less than a quarter as many frames as the most seen
        person is `brief`, often a mistake of the face finder, and does not decide over the clip.

        Args:
            path: The clip: MP4, MOV, MKV, WebM, AVI or MPEG-TS, with or without sound.
            frames: How many frames to judge, 1 or more; a shorter clip is judged whole.
            progress: Called with the frames done and the frames wanted, after each frame.

        Raises:
            UnreadableVideo: The file is no such clip, too large, or not one frame can be decoded; or PyAV,
                which the `app` and `train` extras bring, is not installed.

        Example:
            >>> from unmask import load_detector
            >>> prediction = load_detector().predict_video("clip.mp4")  # doctest: +SKIP
            >>> prediction.verdict, [person.fake_probability for person in prediction.people]  # doctest: +SKIP
            ('fake', [0.91, 0.04])
        """
        return judge_clip(self, path, frames, progress)

    def predict_faces(self, image: np.ndarray) -> tuple[FacePrediction, ...]:
        """Find and judge the faces of a decoded picture (uint8 RGB [H, W, 3]), largest first."""
        boxes = [face.box for face in self.face_finder.find_faces(image)]
        margin = self.settings.crop_margin
        probabilities, maps = self._run([crop_face(image, box, margin) for box in boxes])
        return tuple(
            FacePrediction(
                box=box,
                fake_probability=float(probability),
                verdict=verdict_of(float(probability), self.settings.real_threshold, self.settings.fake_threshold),
                crop_box=crop_box(box, margin, image.shape[1], image.shape[0]),
                activation_map=None if maps is None else maps[index],
                number=index + 1,
                cut_off=touches_border(box, image.shape[1], image.shape[0]),
            )
            for index, (box, probability) in enumerate(zip(boxes, probabilities, strict=True))
        )

    def score_faces(self, crops: Sequence[np.ndarray]) -> np.ndarray:
        """Return the fake probability, float64 [N], of N square face crops (uint8 RGB [S, S, 3])."""
        return self._run(crops)[0]

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

    def _run(self, crops: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray | None]:
        """Return probabilities [N] and activation maps [N, h, w] (or None) of N crops, in batches."""
        probabilities, maps = [np.empty(0)], []
        for start in range(0, len(crops), BATCH):
            batch = np.stack([prepare_crop(crop, self.input_spec) for crop in crops[start : start + BATCH]])
            logits, activation = self._runtime.run(batch)
            probabilities.append(fake_probabilities(logits))
            if activation is not None:
                maps.append(activation)
        return np.concatenate(probabilities), np.concatenate(maps) if maps else None

    def _reason(self, faces: tuple[FacePrediction, ...]) -> str:
        """Return in one sentence what the picture's verdict rests on."""
        if not faces:
            return NO_FACE
        top = max(faces, key=lambda face: face.fake_probability)
        which = "The face" if len(faces) == 1 else f"Face {top.number}, the most fake of {len(faces)} faces,"
        low, high = self.settings.real_threshold, self.settings.fake_threshold
        place = {
            "fake": f"above the fake threshold {high:.3f}",
            "real": f"below the real threshold {low:.3f}",
            "uncertain": f"between the thresholds {low:.3f} and {high:.3f}",
        }[top.verdict]
        return f"{which} has fake probability {top.fake_probability:.3f}, {place}."
