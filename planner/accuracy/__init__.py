"""Accuracy: learning from rows, leaving rows out, validation. Planning never loads it."""
