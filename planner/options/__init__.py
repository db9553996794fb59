"""Every option of the product, declared once."""
