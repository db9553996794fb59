"""Language models: shape, memory, step time and layouts over GPUs."""
