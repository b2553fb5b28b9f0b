"""The audit of data sets: what would make a score on them dishonest, said in plain words.

`python -m unmask.data.audit ROOT` looks for unreadable files, the same picture in both classes, duplicates,
sources that stand in two splits, missing classes, and shortcuts: labels that can be told from the file
rather than from the face. `quick_audit(samples)` is its fast part, which reads headers alone.
"""
