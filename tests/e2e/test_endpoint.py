"""`/predict_image` through the real gradio_client, and what the server does with the files it gets."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import gradio_client
import numpy as np
import pytest
from PIL import Image

from unmask.detector import Detector
from unmask.media.provenance import read_provenance


@pytest.fixture(scope="module")
def client(served: Any) -> Any:
    return gradio_client.Client(served.address, verbose=False)


def predict(client: Any, path: Path) -> Any:
    return client.predict(gradio_client.handle_file(str(path)), api_name="/predict_image")


def post(address: str, picture: object) -> str:
    """Call the endpoint without a client, with whatever is given as the picture, and return its answer."""
    request = urllib.request.Request(
        f"{address}gradio_api/call/predict_image",
        json.dumps({"data": [picture]}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        event = json.load(reply)["event_id"]
    with urllib.request.urlopen(f"{address}gradio_api/call/predict_image/{event}", timeout=30) as reply:
        return str(reply.read().decode())


def test_the_endpoint_answers_as_the_library_does(client: Any, face_file: Path, tiny_detector: Path) -> None:
    provenance = {"provenance": read_provenance(face_file).to_dict()}
    assert predict(client, face_file) == Detector(tiny_detector).predict_image(face_file).to_dict() | provenance


def test_a_file_that_is_no_picture_is_an_error_that_says_so(client: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_text("these are words")
    with pytest.raises(gradio_client.exceptions.AppError, match=r"Could not read notes\.jpg: not a JPEG"):
        predict(client, tmp_path / "notes.jpg")


def test_a_picture_without_a_face_has_a_reason_and_no_number(client: Any, tmp_path: Path) -> None:
    Image.new("RGB", (200, 200), "#3377aa").save(tmp_path / "blue.png")
    answer = predict(client, tmp_path / "blue.png")
    assert (answer["verdict"], answer["fake_probability"], answer["faces"]) == ("no_face", None, [])
    assert "No face" in answer["reason"]


@pytest.mark.parametrize("meta", [{}, {"meta": {"_type": "gradio.FileData"}}])
def test_a_file_of_the_server_cannot_be_named_in_place_of_an_upload(
    served: Any, tmp_path: Path, drawn_face: np.ndarray, meta: dict[str, Any]
) -> None:
    Image.fromarray(drawn_face).save(tmp_path / "private.png")
    answer = post(served.address, {"path": str(tmp_path / "private.png"), **meta})
    assert "event: error" in answer
    assert "fake_probability" not in answer


def test_what_is_no_file_at_all_is_a_clear_error(served: Any) -> None:
    assert "No picture arrived" in post(served.address, "face.png")


def test_the_page_of_the_browser_is_no_second_endpoint(client: Any) -> None:
    assert list(client.view_api(return_format="dict")["named_endpoints"]) == ["/predict_image"]


def test_uploads_are_deleted_and_the_examples_stay(served: Any, client: Any, face_file: Path) -> None:
    from gradio.route_utils import delete_files_created_by_app

    predict(client, face_file)
    assert list(served.uploads.rglob("face.png"))
    delete_files_created_by_app(served.blocks, age=None)  # what Gradio does every ten minutes, with an hour
    assert not list(served.uploads.rglob("face.png"))
    assert len(list(served.uploads.rglob("*drawn-face*.jpg"))) == 2


def test_the_server_connects_to_nothing_but_this_machine(served: Any, client: Any, face_file: Path) -> None:
    predict(client, face_file)
    assert set(served.connections) <= {"127.0.0.1", "::1"}
