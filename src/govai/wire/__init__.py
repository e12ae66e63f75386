"""Wire formats: where the text stands in requests, answers and stream events. Pure functions over parsed JSON; no SDK."""
