"""Runtimes: a batch of model inputs to logits and activation maps."""
