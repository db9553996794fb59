"""The text of `planner` without a command."""

from __future__ import annotations

WELCOME = """\
How long a training run takes, what it costs on every GPU you could rent, and whether to buy a card instead.

What does it cost, and where?
  planner estimate --model resnet50 --epochs 90

Which offer meets my deadline?
  planner recommend --model resnet50 --epochs 90 --deadline 48h

Rent, or buy a card?
  planner compare --model resnet50 --epochs 90 --buy rtx-4090 --jobs-per-month 4

All commands: planner --help. All options of one: planner estimate --help
"""
