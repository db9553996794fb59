"""Adapters that fetch and parse the prices of the clouds."""
