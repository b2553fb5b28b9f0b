"""The endpoints through the real gradio_client and plain HTTP, and what the server does with the files it gets."""

from __future__ import annotations

import json
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio_client
import numpy as np
import pytest
from PIL import Image

from unmask.detector import Detector
from unmask.media.drawing import draw_face
from unmask.media.provenance import read_provenance


@pytest.fixture(scope="module")
def client(served: Any) -> Any:
    return gradio_client.Client(served.address, verbose=False)


def predict(client: Any, path: Path) -> Any:
    return client.predict(gradio_client.handle_file(str(path)), api_name="/predict_image")


def post(address: str, *values: object, name: str = "predict_image") -> str:
    """Call an endpoint without a client, with whatever values, and return its answer."""
    request = urllib.request.Request(
        f"{address}gradio_api/call/{name}",
        json.dumps({"data": values}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        event = json.load(reply)["event_id"]
    with urllib.request.urlopen(f"{address}gradio_api/call/{name}/{event}", timeout=60) as reply:
        return str(reply.read().decode())


def upload(address: str, path: Path) -> dict[str, Any]:
    """Upload a file without a client and return how an endpoint takes it."""
    body = (
        f'--cut\r\nContent-Disposition: form-data; name="files"; filename="{path.name}"\r\n\r\n'.encode()
        + path.read_bytes()
        + b"\r\n--cut--\r\n"
    )
    head = {"Content-Type": "multipart/form-data; boundary=cut"}
    request = urllib.request.Request(f"{address}gradio_api/upload", body, head)
    with urllib.request.urlopen(request, timeout=60) as reply:
        return {"path": json.load(reply)[0], "meta": {"_type": "gradio.FileData"}}


def answer_of(events: str) -> Any:
    """Return the value in an answer of `post`."""
    assert "event: complete" in events
    return json.loads(events.split("data: ", 1)[1])[0]


@pytest.fixture
def zip_file(face_file: Path, tmp_path: Path) -> Path:
    """A zip of a face and a broken picture."""
    path = tmp_path / "mixed.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(face_file, "face.png")
        archive.writestr("broken.jpg", b"\xff\xd8\xff nothing more")
    return path


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
    assert "No file arrived" in post(served.address, "face.png")


def test_a_batch_is_a_row_a_file(client: Any, face_file: Path, zip_file: Path) -> None:
    files = [gradio_client.handle_file(str(path)) for path in (face_file, zip_file)]
    rows = client.predict(files, api_name="/predict_batch")
    assert [row["file"] for row in rows] == ["face.png", "mixed.zip/face.png", "mixed.zip/broken.jpg"]
    assert rows[0]["verdict"] == rows[1]["verdict"] in ("real", "fake", "uncertain")
    assert (rows[2]["verdict"], rows[2]["fake_probability"]) == ("error", None)
    assert rows[2]["reason"].startswith("Could not read broken.jpg")


@pytest.fixture
def clip(write_clip: Callable[..., Path]) -> Path:
    """A clip of six frames of a drawn face."""
    return write_clip(
        "clip.mp4", [np.pad(draw_face(3, 160), ((20, 20), (9, 31 + n), (0, 0)))[:, :200] for n in range(6)]
    )


def test_a_clip_is_judged_as_the_library_does(client: Any, clip: Path, tiny_detector: Path) -> None:
    file, detector = gradio_client.handle_file(str(clip)), Detector(tiny_detector)
    provenance = {"provenance": read_provenance(clip).to_dict()}
    answer = client.predict(file, api_name="/predict_video")
    assert answer == detector.predict_video(clip).to_dict() | provenance
    assert len(answer["people"][0]["frames"]) == 6
    assert client.predict(file, 2, api_name="/predict_video")["frames_wanted"] == 2


@pytest.mark.parametrize(
    ("name", "frames", "said"),
    [
        ("face.png", 4, r"Could not read face\.png: it is a picture, not a clip"),
        ("clip.mp4", 0, "0 frames cannot be judged. Ask for 1 to 300"),
        ("clip.mp4", 10**9, "frames cannot be judged"),
    ],
)
def test_what_cannot_be_judged_of_a_clip_is_an_error_that_says_so(
    client: Any, clip: Path, face_file: Path, name: str, frames: int, said: str
) -> None:
    path = clip if name == clip.name else face_file
    with pytest.raises(gradio_client.exceptions.AppError, match=said):
        client.predict(gradio_client.handle_file(str(path)), frames, api_name="/predict_video")


def test_the_endpoints_answer_plain_http(served: Any, face_file: Path, zip_file: Path, clip: Path) -> None:
    picture, archive = upload(served.address, face_file), upload(served.address, zip_file)
    assert answer_of(post(served.address, picture))["faces"]
    rows = answer_of(post(served.address, [picture, archive], name="predict_batch"))
    assert [row["faces"] for row in rows] == [1, 1, 0]
    film = answer_of(post(served.address, upload(served.address, clip), 3, name="predict_video"))
    assert (film["kind"], film["frames_judged"]) == ("video", 3)
    assert answer_of(post(served.address, name="detector"))["license"] == "apache-2.0"


def test_the_detector_says_its_name_thresholds_and_licence(client: Any, tiny_detector: Path) -> None:
    answer = client.predict(api_name="/detector")
    detector = Detector(tiny_detector)
    assert answer["name"] == detector.name
    assert (answer["real_threshold"], answer["fake_threshold"]) == (0.4, 0.6)
    assert answer["license"] == "apache-2.0"
    assert answer["face_finder"] == detector.face_finder.name


def test_files_of_the_server_are_refused(served: Any, tmp_path: Path) -> None:
    (tmp_path / "private.txt").write_text("secret")
    private = {"path": str(tmp_path / "private.txt")}
    for values, name in ((([private],), "predict_batch"), ((private, 3), "predict_video")):
        answer = post(served.address, *values, name=name)
        assert "event: error" in answer
        assert "was not uploaded" in answer


def test_the_page_of_the_browser_offers_no_other_endpoint(client: Any) -> None:
    named = client.view_api(return_format="dict")["named_endpoints"]
    assert set(named) == {"/predict_image", "/predict_video", "/predict_batch", "/detector"}


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
