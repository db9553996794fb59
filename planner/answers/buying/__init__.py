"""The two sides of `planner compare`: what owning costs, what renting costs, and what follows."""
