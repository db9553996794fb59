"""Charts as Vega-Lite specifications: plain dictionaries made from the JSON documents, drawn by a page or as a picture."""

from planner.render.charts.comparison import comparison_charts
from planner.render.charts.estimates import estimate_charts

__all__ = ["comparison_charts", "estimate_charts"]
