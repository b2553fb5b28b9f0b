"""The fast audit: light to import, and never stopped by a file."""

import subprocess
import sys

from unmask.data.audit.quick import quick_audit
from unmask.data.layouts import read_samples
from unmask.schema import Sample


def test_it_imports_neither_torch_nor_the_decoder_of_clips():
    code = "import sys, unmask.data.audit.quick; print([n for n in ('torch', 'av', 'matplotlib') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_empty_files_and_missing_ones_are_counted(clean):
    (clean / "train/real/real0.jpg").write_bytes(b"")
    samples = read_samples(clean)
    (clean / "train/real/real1.jpg").unlink()
    (line,) = quick_audit(samples, "faces")
    assert line == "SERIOUS faces: 2 of 48 files cannot be read."


def test_nothing_to_look_at_is_nothing_to_say():
    assert quick_audit([]) == []


def test_one_picture_is_enough_to_run():
    lines = quick_audit([Sample("missing.jpg", 0, "s", "v", "real")])
    assert any("1 of 1 files cannot be read" in line for line in lines)
    assert any("no fake one" in line for line in lines)
