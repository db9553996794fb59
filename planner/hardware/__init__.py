"""What the planner knows of hardware: GPUs, cards, hosts and electricity."""
