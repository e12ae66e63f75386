"""Protect what leaves and restore what comes back. It knows spans, effects and placeholders; no policy, no wire."""
