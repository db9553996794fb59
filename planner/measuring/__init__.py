"""Runs a training for a while, watches it, and stops it without leaving anything behind."""
