"""Reports: one HTML file that needs nothing but itself, with charts, tables, assumptions and sources."""
