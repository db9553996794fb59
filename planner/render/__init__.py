"""Results as text: tables, JSON, CSV, Markdown. Rounding happens here and nowhere else."""
