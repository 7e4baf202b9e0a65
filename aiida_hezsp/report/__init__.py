"""Figures and pages about what was computed."""
