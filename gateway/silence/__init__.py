"""Silence: when nothing came from a source for longer than its own rhythm allows, and the sentence that says why."""
