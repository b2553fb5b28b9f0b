"""The commands of `unmask`, one file each; what any command ends with is in `endings.py`.

What `predict` judges is in `judging.py`, what it prints in `predict_output.py`.
"""
