"""Facts of hardware: GPUs, cards, hosts and electricity."""
