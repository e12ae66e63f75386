"""Checkpoints timestamped by an authority (RFC 3161): its signed token says that this checkpoint existed at that time."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from govai.core.canonical import canonical
from govai.core.errors import ConfigError
from govai.core.lang import say
from govai.sinks.anchors.posting import AnchorUnavailable, check, post
from govai.sinks.options import shown

if TYPE_CHECKING:
    from govai.core.checkpoints import Checkpoint

_PROMPT = timedelta(days=1)
_ROOTS = "#roots="


class TimestampAnchor:
    """Asks a timestamping authority for a token over each checkpoint; the receipt is the whole answer, in base64.

    Args:
        url: of the authority; `#roots=FILE` after it names its root certificates (PEM), without which a receipt confirms
            nothing.

    Raises:
        ConfigError: another URL, a file without certificates, or rfc3161-client is missing.
    """

    def __init__(self, url: str) -> None:
        self._url, _, roots = url.partition(_ROOTS)
        check("rfc3161", self._url)
        self.name = f"rfc3161:{shown(self._url)}"
        try:
            import rfc3161_client as _  # noqa: F401 -- is it there?
        except ImportError:
            missing = True
        else:
            missing = False
        if missing:
            raise ConfigError(
                say("timestamps need rfc3161-client", "l'horodatage demande rfc3161-client"),
                where=f"anchors=rfc3161:{shown(self._url)}",
                todo="pip install rfc3161-client",
            )
        self._roots = _certificates(roots) if roots else []

    def __repr__(self) -> str:
        return f"<TimestampAnchor {shown(self._url)}>"

    def anchor(self, checkpoint: Checkpoint) -> str:
        """Have the checkpoint timestamped; raises AnchorUnavailable, and it is offered again."""
        from rfc3161_client import PKIStatus, TimestampRequestBuilder, decode_timestamp_response

        request = TimestampRequestBuilder().data(_stamped(checkpoint)).nonce(nonce=True).cert_request(cert_request=True)
        made = request.build()
        answer = post(self._url, made.as_bytes(), "application/timestamp-query")
        try:
            response = decode_timestamp_response(answer)
            granted = PKIStatus(response.status) in (PKIStatus.GRANTED, PKIStatus.GRANTED_WITH_MODS)
            mine = granted and response.tst_info.nonce == made.nonce
        except ValueError:
            mine = False
        receipt = base64.b64encode(answer).decode()
        if not mine or (self._roots and self._time_of(checkpoint, receipt) is None):
            raise AnchorUnavailable(f"{shown(self._url)}: no valid timestamp")
        return receipt

    def confirms(self, checkpoint: Checkpoint, receipt: str) -> bool:
        """Whether a receipt is this authority's token over this checkpoint, of its own time; never without root certificates.

        One that was stamped more than a day after it says it was made proves nothing of the time in between: who has the
        key could have made it, dated back, on that later day.
        """
        stamped = self._time_of(checkpoint, receipt)
        try:
            return stamped is not None and abs(stamped - datetime.fromisoformat(checkpoint.time)) <= _PROMPT
        except (ValueError, TypeError):  # a checkpoint without a time, or without its zone
            return False

    def _time_of(self, checkpoint: Checkpoint, receipt: str) -> datetime | None:
        """Return when this authority stamped a checkpoint, None where the receipt is not its token over it."""
        from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

        builder = VerifierBuilder()
        for root in self._roots:
            builder = builder.add_root_certificate(root)
        try:
            response = decode_timestamp_response(base64.b64decode(receipt, validate=True))
            holds = bool(self._roots) and builder.build().verify_message(response, _stamped(checkpoint))
        except (VerificationError, ValueError, binascii.Error):
            return None
        return response.tst_info.gen_time if holds else None


def _stamped(checkpoint: Checkpoint) -> bytes:
    return canonical(checkpoint.to_json())


def _certificates(path: str) -> list[Any]:
    from cryptography.x509 import load_pem_x509_certificates

    try:
        return load_pem_x509_certificates(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        problem = type(error).__name__
    raise ConfigError(
        say(f"no root certificates can be read there ({problem})", f"certificats racine illisibles ({problem})"),
        where=path,
        todo=say("a PEM file of the authority's roots", "un fichier PEM des racines de l'autorité"),
    )
