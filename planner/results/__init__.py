"""The records of each answer, and their JSON documents."""
