"""Checkpoints POSTed to a URL. Each is signed already (Ed25519): who has the public key needs no shared secret to check it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from govai.core.canonical import canonical
from govai.sinks.anchors.posting import check, post
from govai.sinks.options import shown

if TYPE_CHECKING:
    from govai.core.checkpoints import Checkpoint


class WebhookAnchor:
    """POSTs `{"type": "govai.checkpoint", "data": checkpoint}` in canonical form, the signature in it.

    Args:
        url: `https://…` (`http://` to this machine only).

    Raises:
        ConfigError: another URL.
    """

    def __init__(self, url: str) -> None:
        check("webhook", url)
        self._url = url
        self.name = f"webhook:{shown(url)}"

    def __repr__(self) -> str:
        return f"<WebhookAnchor {shown(self._url)}>"

    def anchor(self, checkpoint: Checkpoint) -> str:
        """Send the checkpoint and return the digest of the answer; raises AnchorUnavailable, and it is offered again."""
        content = canonical({"type": "govai.checkpoint", "data": checkpoint.to_json()})
        return f"sha256:{hashlib.sha256(post(self._url, content, 'application/json')).hexdigest()}"
