"""What an answer is: the records of each result and their JSON document."""
