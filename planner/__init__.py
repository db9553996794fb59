"""How long a training run takes, what it costs on every GPU you could rent, and whether to buy a card instead."""
