"""Detect: sealed references, known values and patterns in text. It reports spans; it decides nothing and keeps nothing."""
