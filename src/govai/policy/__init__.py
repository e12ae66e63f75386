"""The policy: what may leave, for which purpose, to whom. It judges what data is, never sees a value, and knows no wire."""
