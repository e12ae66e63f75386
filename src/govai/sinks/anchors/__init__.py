"""Anchors: where checkpoints are kept outside the ledger, so that rewriting it shows. They know checkpoints, not records."""

from govai.sinks.anchors.file import FileAnchor

__all__ = ["FileAnchor"]
