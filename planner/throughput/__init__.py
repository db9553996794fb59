"""How fast a model trains: workloads, measurements, prediction."""
