"""Decorators: what a function says about the AI calls it makes. They hold scopes; the calls inside do the rest."""
