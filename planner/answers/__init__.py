"""Answers: estimate, compare, recommend and sweep, each a straight line from a question to a result."""
