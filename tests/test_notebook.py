"""notebooks/quickstart.ipynb runs from its first cell to its last, and is committed without outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat", reason="the dev extra is not installed")
nbclient = pytest.importorskip("nbclient", reason="the dev extra is not installed")
pytest.importorskip("timm", reason="the train extra is not installed")

PAGE = Path(__file__).resolve().parents[1] / "notebooks" / "quickstart.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """The notebook after a run, in a folder of its own and without a network."""
    folder = tmp_path_factory.mktemp("notebook")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TMPDIR": str(folder)}.items():
            patch.setenv(name, value)
        client = nbclient.NotebookClient(
            nbformat.read(PAGE, as_version=4), timeout=500, resources={"metadata": {"path": str(folder)}}
        )
        return client.execute()


def printed(notebook):
    """Return all text that the cells printed."""
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    return "".join(output.get("text", "") for output in outputs if output.get("name") == "stdout")


def pictures(notebook):
    """Return how many pictures each cell showed, of the cells that showed any."""
    shown = [
        sum("image/png" in output.get("data", {}) for output in cell.outputs)
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
    return [count for count in shown if count]


def test_every_step_shows_what_it_made(executed):
    text = printed(executed)
    assert "128 faces (64 real, 64 fake) of 128 files" in text
    assert "epoch 5:" in text
    assert pictures(executed) == [1, 2, 2]  # the toys; curves and ROC curve; two activation maps
    assert any("weighted by support" in str(cell.get("outputs")) for cell in executed.cells)


def test_the_toys_are_told_apart(executed):
    lines = printed(executed).splitlines()
    (score,) = [line for line in lines if line.startswith("unseen-toys: 24 of 24 pictures scored")]
    assert float(score.split("AUC ")[1].split(",")[0]) > 0.9
    assert [line for line in lines if line.startswith("fake-500.png: fake.")]


def test_it_is_committed_without_outputs():
    cells = [cell for cell in nbformat.read(PAGE, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.cell_type for cell in cells if cell.outputs or cell.execution_count] == []
