"""Offers at rest: dated snapshots, the catalogue over them, checks and history."""
