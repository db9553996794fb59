"""How fast a model trains: what was measured, and what follows from it."""
