"""The records that flow through the planner."""
