"""Files that other tools can run: an estimate as a task file of SkyPilot, dstack, Kubernetes or Terraform."""
