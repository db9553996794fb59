"""Costs of renting, owning and committing."""
