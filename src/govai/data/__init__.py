"""Data in: tags from annotations, sealed values, templates, rows. It knows no policy and no wire."""
