"""Evaluation: a detector on labelled pictures, exactly as a user would run it, and the report of it."""
