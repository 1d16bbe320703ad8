"""Measurements: figures to compare by, never assertions."""
