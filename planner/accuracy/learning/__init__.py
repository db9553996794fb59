"""What is learnt from the measured rows, at build time and by `planner validate`; needs numpy, which pandas brings.

Planning itself imports nothing from here: it reads the small files that `scripts/fit_throughput.py` writes.
"""
