"""What runs in the Python of the user that has PyTorch: it imports nothing of this package, and this package nothing of it."""
