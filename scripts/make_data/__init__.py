"""Make the shipped tables in `data/` from a folder of collected figures."""
