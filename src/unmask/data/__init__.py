"""Data sets on disk: their layouts, their label words and their splits by source.

`layouts` turns a folder into `Sample`s, `labels` says what a word for a class means, and `splits` cuts
samples so that no original footage stands on two sides. Nothing here opens a picture or downloads one.
"""
