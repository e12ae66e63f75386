"""How each SDK's client is copied so that the copy sends through a governed transport. Knows no policy."""
