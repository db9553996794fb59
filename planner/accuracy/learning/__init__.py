"""Learning from the measured rows, at build time and in `planner validate`; needs numpy, which pandas brings.

Planning itself imports nothing from here: it reads the small files that `scripts/fit_throughput.py` writes.
"""
