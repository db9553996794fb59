"""The parts of `planner compare`: the cost of owning, the cost of renting, and the verdict."""
