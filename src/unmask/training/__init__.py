"""Training: a configuration and data folders to a detector folder."""
