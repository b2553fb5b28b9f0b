"""The commands of `unmask` beside `predict`, one file each; what any command ends with is in `endings.py`."""
