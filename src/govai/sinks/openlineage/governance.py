"""What govai itself has to say of a run: the custom facets `govai_*`, read from records."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from govai.sinks.openlineage.facets import Facet, facet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from govai.sinks.openlineage.columns import Column

Body = "Mapping[str, Any]"
UNSAID = ("", "?", None)  # not given, or not recorded because something was found in it
_DIGEST = re.compile(r"(?:sha256|hmac-sha256):[0-9a-f]{64}")
_OPERATIONS = {"generate": "chat", "embed": "embeddings"}  # as OpenTelemetry's GenAI conventions name them
_PROVIDERS = {"mistral": "mistral_ai", "google": "gcp.gemini"}
_REVIEWS = {
    "ReviewPending": "pending",
    "ReviewRejected": "rejected",
    "ReviewExpired": "expired",
}  # what a refusal says of the review it waited for
_ANSWERING = ("generate", "fetch", "render", "results")
_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"  # IPTC's own identifiers, http


def gen_ai(body: Mapping[str, Any], outcome: Mapping[str, Any]) -> Facet:
    """Return `govai_genAi`: what was asked of which model, and what the outcome or the result of a batch says."""
    usage = outcome.get("usage") or {}
    reason = outcome.get("finish_reason")
    return facet(
        "GovaiGenAiRunFacet",
        operationName=_OPERATIONS.get(body.get("operation", ""), body.get("operation") or "unknown"),
        providerName=provider(body),
        requestModel=body.get("model") or "unknown",
        responseModel=said(outcome, "model"),
        responseId=said(outcome, "response_id"),
        finishReasons=None if reason in UNSAID else [reason],
        inputTokens=_count(usage.get("input_tokens")),
        outputTokens=_count(usage.get("output_tokens")),
        stream=body.get("stream"),
        inputDigest=digest(body.get("prompt")),
        outputDigest=digest(outcome.get("output")),
        serverAddress=body.get("host") or None,
        dataResidency=body.get("region") or None,
        **_trace(body),
    )


def policy(body: Mapping[str, Any], found: Sequence[Column]) -> Facet:
    """Return `govai_policy`: what was decided, under which policy, for which purpose, on which legal basis."""
    decided, used = body.get("decision") or {}, body.get("policy") or {}
    purpose = body.get("use") or body.get("purpose")
    return facet(
        "GovaiPolicyRunFacet",
        decision=_decision(body, decided),
        policyId=used.get("name") or "unknown",
        policyVersion=str(used.get("version") or used.get("digest", "unknown")),
        policyDigest=digest(used.get("digest")),
        purposes=[purpose] if purpose else [],
        legalBasis=_basis(body, found),
        blockedFields=[one.label for one in found if "block" in one.effects],
        redactedFields=[one.label for one in found if "block" not in one.effects and one.effects != ("allow",)],
        ruleIds=list(decided.get("rules", ())),
    )


def incident(body: Mapping[str, Any]) -> Facet:
    """Return `govai_policy` as an incident changes it: what should not have left did."""
    used = body.get("policy") or {}
    name, version = used.get("name") or "unknown", str(used.get("version") or "unknown")
    return facet("GovaiPolicyRunFacet", decision="block", policyId=name, policyVersion=version, ruleIds=["INCIDENT"])


def review_of(body: Mapping[str, Any]) -> Facet | None:
    """Return `govai_humanReview` as it stands when an attempt is recorded, None when it was refused for another reason."""
    needs = (body.get("decision") or {}).get("reviews", ())
    refused = (body.get("error") or {}).get("type") if isinstance(body.get("error"), dict) else None
    if refused is not None:
        status = _REVIEWS.get(refused)
    elif any(need["on"] == "output" for need in needs):
        status = "pending"
    else:
        status = "approved" if needs else "not_required"  # a prompt that leaves was approved before
    if status is None:
        return None
    roles = ", ".join(dict.fromkeys(need["role"] for need in needs)) or None
    return facet("GovaiHumanReviewRunFacet", required=status != "not_required", status=status, reviewerRole=roles)


def verdict(body: Mapping[str, Any], time: str) -> Facet:
    """Return `govai_humanReview` as a review says it. One that came too late is void, and the ticket stands as before."""
    who = body.get("reviewer")
    word = body.get("verdict", "")
    void = word == "void"
    code = (body.get("error") or {}).get("code", "") if isinstance(body.get("error"), dict) else ""
    return facet(
        "GovaiHumanReviewRunFacet",
        required=True,
        status=word if word in ("approved", "edited", "rejected") else "expired" if code == "GOVAI-R03" else "pending",
        reviewerRole=", ".join(body.get("roles", ())) or None,
        reviewerId=(who.get("id") if isinstance(who, dict) else who) or None,
        decidedAt=time,
        contentDigest=digest(body.get("text")),
        reason=f"void {code}".strip() if void else None,
    )


def let_go(body: Mapping[str, Any], time: str) -> Facet:
    """Return `govai_humanReview` of a release: what was approved, or an edited text, went on."""
    edited = digest(body.get("edited"))
    status = "edited" if edited else "approved"
    return facet(
        "GovaiHumanReviewRunFacet",
        required=True,
        status=status,
        decidedAt=time,
        contentDigest=edited,
        reason="released",
    )


def disclosure(body: Mapping[str, Any], *, edited: bool = False) -> Facet | None:
    """Return `govai_disclosure` of what a model answers, None where an operation answers nothing of its own.

    Which duties of AI Act art. 50 apply is for a person to say: none is claimed, and none is denied.
    """
    if body.get("operation") not in _ANSWERING:
        return None
    term = "compositeWithTrainedAlgorithmicMedia" if edited else "trainedAlgorithmicMedia"
    return facet("GovaiDisclosureRunFacet", digitalSourceType=_SOURCE_TYPES + term, art50=[])


def provider(body: Mapping[str, Any]) -> str:
    """Return the provider's name as OpenTelemetry spells it, else its entry's, else its host."""
    name = body.get("provider") or ""
    return _PROVIDERS.get(name, name) or body.get("host") or "unknown"


def digest(value: Any) -> str | None:
    """Return a digest that is spelled like one, else None."""
    return value if isinstance(value, str) and _DIGEST.fullmatch(value) else None


def said(outcome: Mapping[str, Any], name: str) -> str | None:
    """Return what the provider said, None where it did not or where it is not recorded."""
    value = outcome.get(name)
    return None if value in UNSAID else value


def _decision(body: Mapping[str, Any], decided: Mapping[str, Any]) -> str:
    error = body.get("error")
    if isinstance(error, dict):  # a refusal
        return "review" if error.get("type") in _REVIEWS else "block"
    return "allow" if decided.get("effect", "allow") == "allow" else "redact"


def _basis(body: Mapping[str, Any], found: Sequence[Column]) -> str | None:
    basis = body.get("basis")
    if basis:
        return "legitimate_interests" if basis == "legitimate_interest" else str(basis)
    personal = any(not one.categories or any(c.startswith("user") for c in one.categories) for one in found)
    return None if personal else "none_no_personal_data"


def _trace(body: Mapping[str, Any]) -> dict[str, str]:
    """Return the trace that a call belongs to, where its record has a `traceparent` (W3C Trace Context)."""
    parts = str(body.get("trace") or "").split("-")
    return {"traceId": parts[1], "spanId": parts[2]} if len(parts) == 4 else {}  # noqa: PLR2004 -- version, trace, span, flags


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None
