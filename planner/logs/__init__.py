"""A training run's own log files, read to a rate: formats told by content, steps with a clock, a robust estimate, a verdict."""
