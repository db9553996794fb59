"""From what a person types to a workload."""
