"""What things cost: renting, owning, committing."""
