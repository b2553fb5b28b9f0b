"""Boxes with labels on a picture: legible at any size and on any ground, no label on another."""

from __future__ import annotations

import dataclasses

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from unmask.schema import Box, FacePrediction

LONGEST_SIDE, SHORTEST_LONG_SIDE = 1280, 640
"""The longer side is brought between these: large enough for the labels, small enough to send."""
Rectangle = tuple[float, float, float, float]
Colours = tuple[str, str]
"""The box's colour, which is the label's ground, and the colour of the label's text."""


def fit_to_screen(
    image: np.ndarray, faces: tuple[FacePrediction, ...]
) -> tuple[np.ndarray, tuple[FacePrediction, ...]]:
    """Return the picture (uint8 RGB) and its faces at the size at which the page and the reports show them."""
    height, width = image.shape[:2]
    longest = max(height, width)
    scale = min(max(longest, SHORTEST_LONG_SIDE), LONGEST_SIDE) / longest
    if scale == 1.0:
        return image, faces
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    # reducing_gap averages whole pixels of a large photo first, which is several times as fast.
    resized = Image.fromarray(image).resize(size, Image.Resampling.BICUBIC, reducing_gap=1.01)
    return np.asarray(resized), tuple(_scale_face(face, scale, *size) for face in faces)


def draw_boxes(image: np.ndarray, boxes: list[Box], labels: list[str], colours: list[Colours]) -> Image.Image:
    """Return a picture (uint8 RGB) with labelled boxes.

    In a crowd, where the labels would lie on each other, each is its first word alone: the face's number.
    """
    picture = Image.fromarray(image)
    pen = BoxPen(picture)
    for box, (colour, _) in zip(boxes, colours, strict=True):
        pen.draw_box(box, colour)
    texts, places = pen.place_labels(boxes, labels)  # drawn last, so that no line crosses a word
    for text, place, pair in zip(texts, places, colours, strict=True):
        pen.draw_label(text, place, pair)
    return picture


class BoxPen:
    """Draws boxes and labels in proportion to a picture."""

    def __init__(self, picture: Image.Image) -> None:
        unit = max(picture.size) / 640
        self._size = picture.size
        self._pen = ImageDraw.Draw(picture)
        self._font = ImageFont.load_default(size=round(22 * unit))
        self._line = max(2, round(3 * unit))

    def draw_box(self, box: Box, colour: str) -> None:
        """Draw a box with a light rim, which shows it on dark hair, on snow and on its own colour."""
        left, top, right, bottom = box.left, box.top, box.right - 1, box.bottom - 1
        self._pen.rectangle((left, top, right, bottom), outline="#ffffff", width=self._line + 2)
        if right - left > 2 and bottom - top > 2:
            inner = (left + 1, top + 1, right - 1, bottom - 1)
            self._pen.rectangle(inner, outline=colour, width=self._line)

    def draw_label(self, text: str, place: Rectangle, colours: Colours) -> None:
        """Write a label."""
        self._pen.rectangle(place, fill=colours[0])
        middle = ((place[0] + place[2]) / 2, (place[1] + place[3]) / 2)
        self._pen.text(middle, text, fill=colours[1], font=self._font, anchor="mm")

    def place_labels(self, boxes: list[Box], labels: list[str]) -> tuple[list[str], list[Rectangle]]:
        """Return the labels, whole or their first words, and where each of them lies."""
        places, apart = self._lay_out(boxes, labels)
        if apart:
            return labels, places
        numbers = [label.split()[0] for label in labels]
        return numbers, self._lay_out(boxes, numbers)[0]

    def _lay_out(self, boxes: list[Box], texts: list[str]) -> tuple[list[Rectangle], bool]:
        """Return a place for each text, and whether all lie apart."""
        taken: list[Rectangle] = []
        apart = True
        for box, text in zip(boxes, texts, strict=True):
            places = self._places(box, text)
            free = [place for place in places if not any(overlap(place, other) for other in taken)]
            apart = apart and bool(free)
            taken.append((free or places)[0])
        return taken, apart

    def _places(self, box: Box, text: str) -> list[Rectangle]:
        """Return where a label may lie, best first: above its box, below it, at its inner top edge."""
        _, top, _, bottom = self._pen.textbbox((0, 0), "Ag", font=self._font)
        tall = 1.6 * (bottom - top)
        wide = self._pen.textlength(text, font=self._font) + 0.6 * tall
        left = max(0.0, min(float(box.left), self._size[0] - wide))
        rows = [row for row in (box.top - tall, float(box.bottom)) if 0 <= row <= self._size[1] - tall]
        inside = max(0.0, min(float(box.top), self._size[1] - tall))
        return [(left, row, left + wide, row + tall) for row in (*rows, inside)]


def overlap(one: Rectangle, other: Rectangle) -> bool:
    """Return whether two rectangles (left, top, right, bottom) share any area."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _scale_face(face: FacePrediction, scale: float, width: int, height: int) -> FacePrediction:
    def scaled(box: Box) -> Box:
        left, top = min(round(box.left * scale), width - 1), min(round(box.top * scale), height - 1)
        right, bottom = min(round(box.right * scale), width), min(round(box.bottom * scale), height)
        return Box(left, top, max(left + 1, right), max(top + 1, bottom))

    return dataclasses.replace(face, box=scaled(face.box), crop_box=face.crop_box and scaled(face.crop_box))
