"""The Space: what is published on the loopback Hub, and that it starts from its own folder alone."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image

from unmask.detector import Detector
from unmask.errors import DetectorNotFound, HubError, UnmaskError
from unmask.hub import push_space, space

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest brings it to older Pythons

pytest.importorskip("gradio", reason="a Space names the gradio that is installed, and the app extra is not")

MODEL, SPACE = "ada/face-check", "ada/face-page"
PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def published(hub, scored_detector):
    """The loopback Hub with the tiny detector on it, tagged v1."""
    files = {path.name: path.read_bytes() for path in scored_detector.iterdir()}
    model = hub.put(MODEL, files)
    model.tags["v1"] = model.commits[-1][0]
    return hub


def shown(hub) -> dict[str, bytes]:
    """Return the files of the Space as they are now."""
    return hub.repositories[f"spaces/{SPACE}"].commits[-1][1]


def front_matter(files: dict[str, bytes]) -> dict:
    return yaml.safe_load(files["README.md"].decode().split("---")[1])


def test_everything_goes_up_in_one_commit_beside_a_model_of_the_same_name(published):
    assert push_space(SPACE, MODEL) == f"{published.url}/spaces/{SPACE}"
    assert len(published.repositories[f"spaces/{SPACE}"].commits) == 2
    assert {"README.md", "app.py", "requirements.txt", "LICENSE", "unmask/__init__.py"} <= set(shown(published))
    assert len(published.repositories[MODEL].commits) == 2


def test_the_card_tells_the_hub_how_to_run_it_and_what_it_shows(published):
    push_space(SPACE, MODEL, "v1")
    keys = front_matter(shown(published))
    assert (keys["sdk"], keys["app_file"], keys["license"]) == ("gradio", "app.py", "apache-2.0")
    assert keys["models"] == [MODEL]
    assert keys["suggested_hardware"] == "cpu-basic"
    assert re.fullmatch(r"6\.\d+\.\d+", keys["sdk_version"])
    commit = published.repositories[MODEL].tags["v1"]
    assert f"{MODEL} config.json,model.onnx {commit}" in keys["preload_from_hub"]


def test_it_stays_with_a_commit_though_a_tag_was_named(published):
    push_space(SPACE, MODEL, "v1")
    page = shown(published)["app.py"].decode()
    assert f'REVISION = "{published.repositories[MODEL].tags["v1"]}"' in page
    assert f'DETECTOR = "{MODEL}"' in page


def test_it_holds_our_code_and_neither_weights_nor_what_python_compiled(published):
    push_space(SPACE, MODEL)
    package = Path(space.PACKAGE)
    code = {f"unmask/{path.relative_to(package).as_posix()}" for path in package.rglob("*.py")}
    assert code <= set(shown(published))
    assert not [name for name in shown(published) if "default/" in name or name.endswith((".onnx", ".pyc"))]


def test_it_installs_what_the_page_needs_and_no_torch():
    requirements = space.app_requirements()
    assert set(requirements) == {*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["app"]}
    assert not [line for line in requirements if line.startswith(("torch", "timm", "transformers"))]


def test_an_update_deletes_our_old_files_and_leaves_those_of_others(published):
    published.put(f"spaces/{SPACE}", {"unmask/old.py": b"", "notes.md": b"mine"})
    push_space(SPACE, MODEL)
    assert "unmask/old.py" not in shown(published)
    assert shown(published)["notes.md"] == b"mine"


@pytest.mark.parametrize("private", [False, True], ids=["a public Space", "a private Space"])
def test_a_private_detector_is_shown_in_private_alone(published, private):
    published.repositories[MODEL].private = True
    if private:
        push_space(SPACE, MODEL, private=True)
        assert published.repositories[f"spaces/{SPACE}"].private
        assert not any(MODEL in line for line in front_matter(shown(published))["preload_from_hub"])
    else:
        with pytest.raises(HubError, match="is private and a public Space would show it"):
            push_space(SPACE, MODEL)
        assert f"spaces/{SPACE}" not in published.repositories


def test_what_is_no_detector_is_no_space(published):
    published.put("ada/other", {"README.md": b""})
    with pytest.raises(DetectorNotFound, match="holds no detector"):
        push_space(SPACE, "ada/other")
    with pytest.raises(HubError, match="there is no repository ada/nothing"):
        push_space(SPACE, "ada/nothing")
    with pytest.raises(UnmaskError, match="user/name"):
        push_space("page", MODEL)
    assert f"spaces/{SPACE}" not in published.repositories


def test_a_fault_leaves_the_old_space_whole(published):
    push_space(SPACE, MODEL)
    shown(published)["unmask/old.py"] = b""  # something to change
    published.fail("POST .*/commit", 502)
    with pytest.raises(HubError, match=r"publish the Space ada/face-page: the Hub failed \(502\)"):
        push_space(SPACE, MODEL)
    assert len(published.repositories[f"spaces/{SPACE}"].commits) == 2


def test_its_folder_alone_serves_the_detector_of_the_hub(published, scored_detector, tmp_path, drawn_face):
    """The environment has Unmask's requirements, but no path to this clone."""
    import gradio_client

    push_space(SPACE, MODEL)
    folder = tmp_path / "space"
    space.write_space(shown(published), folder)
    Image.fromarray(drawn_face).save(tmp_path / "face.png")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    places = {"HF_HOME": str(tmp_path / "home"), "GRADIO_TEMP_DIR": str(tmp_path / "uploads"), "HOME": str(tmp_path)}
    switches = {"HF_HUB_OFFLINE": "0", "GRADIO_SERVER_PORT": port, "PYTHONPATH": "", "UNMASK_FACE_MODEL": ""}
    process = subprocess.Popen(
        [sys.executable, "app.py"], cwd=folder, env=os.environ | places | switches, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        address = re.search(r"http://\S+", process.stdout.readline())
        assert address, process.poll()
        client = gradio_client.Client(address[0], verbose=False)
        answer = client.predict(gradio_client.handle_file(str(tmp_path / "face.png")), api_name="/predict_image")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.communicate()
    commit = published.repositories[MODEL].commits[-1][0]
    expected = Detector(scored_detector, name=f"{MODEL}@{commit[:7]}").predict_image(tmp_path / "face.png")
    assert expected.to_dict().items() <= answer.items()


def test_a_folder_that_is_not_empty_is_not_written_into(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UnmaskError, match="not empty"):
        space.write_space({"app.py": b""}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_an_installed_copy_without_the_clones_files_publishes_no_space(published, monkeypatch, tmp_path):
    monkeypatch.setattr(space, "CLONE", tmp_path)
    with pytest.raises(UnmaskError, match="from a clone of Unmask"):
        push_space(SPACE, MODEL)
