"""`import unmask` offers exactly its public names, and costs nothing."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

import unmask

HEAVY = ("numpy", "PIL", "cv2", "onnxruntime", "torch", "huggingface_hub", "gradio", "typer", "c2pa", "fpdf")


def test_all_is_exactly_the_public_names() -> None:
    # Whatever was imported of `unmask` before, such as its sub-modules, is no name of the package itself.
    defined = {name for name, value in vars(unmask).items() if not name.startswith("_") and not inspect.ismodule(value)}
    assert defined - {"annotations", "Any", "TYPE_CHECKING"} <= set(unmask.__all__)
    assert sorted(unmask.__all__) == dir(unmask)
    assert unmask.__all__ == [
        "Box",
        "Detector",
        "FacePrediction",
        "ImagePrediction",
        "PersonPrediction",
        "Provenance",
        "UnmaskError",
        "VideoPrediction",
        "__version__",
        "load_detector",
        "read_provenance",
        "write_picture_report",
    ]


@pytest.mark.parametrize("name", unmask.__all__)
def test_every_public_name_is_there_and_explains_itself(name: str) -> None:
    value = getattr(unmask, name)
    if callable(value):
        assert value.__name__ == name
        assert (value.__doc__ or "").split("\n")[0].endswith(".")


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = unmask.nonsense


def test_importing_unmask_imports_nothing_heavy() -> None:
    code = f"import sys, unmask; print([name for name in {HEAVY} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
