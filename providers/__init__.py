"""What can be rented, at what price: one module per cloud."""
