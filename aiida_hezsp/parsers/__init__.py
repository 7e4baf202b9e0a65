"""Parsers of the engine jobs."""
