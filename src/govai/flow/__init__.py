"""The one way down and the one way up: admit what leaves, settle what comes back. It knows no SDK and no face."""
