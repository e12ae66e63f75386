"""Every name that telemetry uses, and which of them each version of the conventions wants: the only module that knows.

OpenTelemetry's semantic conventions for generative AI are in development and drift: `v0.1` is their own repository's first
release (span `gen_ai.client.inference`), `v1.36` the last line in which a provider was a `gen_ai.system`, which many
receivers still read. What they have no name for is under `govai.`. It knows neither records nor the SDK.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# of the conventions
OPERATION = "gen_ai.operation.name"
CONVERSATION = "gen_ai.conversation.id"
OUTPUT_TYPE = "gen_ai.output.type"
REQUEST_MODEL = "gen_ai.request.model"
STREAM = "gen_ai.request.stream"
RESPONSE_MODEL = "gen_ai.response.model"
FINISH_REASONS = "gen_ai.response.finish_reasons"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
TOKEN_TYPE = "gen_ai.token.type"  # noqa: S105 -- tokens of text
ADDRESS = "server.address"
PORT = "server.port"
ERROR = "error.type"

# ours
STATUS = "govai.status"  # completed, failed, abandoned, unknown, refused
RECORD = "govai.record.id"
CALL = "govai.call.id"
RUN = "govai.run.id"
JOB = "govai.job"
DOOR = "govai.door"
MODE = "govai.mode"
PURPOSE = "govai.purpose"
BASIS = "govai.purpose.basis"
DECISION = "govai.policy.decision"
RULES = "govai.policy.rules"
POLICY = "govai.policy.id"
DIGEST = "govai.policy.digest"
REVIEW = "govai.review.status"
REVIEW_ON = "govai.review.on"
REVIEW_ROLES = "govai.review.roles"
TICKET = "govai.review.ticket"
ENTRY = "govai.provider.entry"
REGION = "govai.provider.region"
REQUEST_ID = "govai.provider.request_id"
DECLARED = "govai.data.seen_by"
CATEGORIES = "govai.data.categories"
SUBJECTS = "govai.data.subjects"
INCIDENTS = "govai.incidents"
ERROR_CODE = "govai.error.code"

OTHER = "_OTHER"  # the conventions' own word for an error without a name of few values

_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = tuple(float(4**power) for power in range(14))


@dataclass(frozen=True, slots=True)
class Instrument:
    """A metric: its name, unit (UCUM), what it says, and the bounds of its histogram (none: a counter)."""

    name: str
    unit: str
    says: str
    bounds: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Conventions:
    """One version of the conventions.

    Attributes:
        provider: the attribute that names the provider. providers: its values where they were spelled otherwise.
        duration: the histogram of how long attempts took. usage: what counts tokens, by the attribute that says how many.
        token_type: whether one instrument counts all tokens, told apart by an attribute. schema: URL, "" for none known.
    """

    provider: str
    duration: Instrument
    usage: Mapping[str, Instrument]
    token_type: bool = False
    providers: Mapping[str, str] = field(default_factory=dict)
    schema: str = ""


_TOKEN_USAGE = Instrument("gen_ai.client.token.usage", "{token}", "Number of tokens used.", _TOKENS)

VERSIONS: Mapping[str, Conventions] = {
    "v0.1": Conventions(
        provider="gen_ai.provider.name",
        duration=Instrument("gen_ai.client.inference.duration", "s", "How long an attempt took.", _SECONDS),
        usage={
            INPUT_TOKENS: Instrument("gen_ai.client.inference.usage.input_tokens", "{token}", "Tokens read."),
            OUTPUT_TOKENS: Instrument("gen_ai.client.inference.usage.output_tokens", "{token}", "Tokens written."),
        },
    ),
    "v1.36": Conventions(
        provider="gen_ai.system",
        duration=Instrument("gen_ai.client.operation.duration", "s", "How long an attempt took.", _SECONDS),
        usage={INPUT_TOKENS: _TOKEN_USAGE, OUTPUT_TOKENS: _TOKEN_USAGE},
        token_type=True,
        providers={"x_ai": "xai"},
        schema="https://opentelemetry.io/schemas/1.36.0",
    ),
}

CURRENT = "v0.1"

TOKEN_TYPES = {INPUT_TOKENS: "input", OUTPUT_TOKENS: "output"}

_OPERATIONS = {  # of a record, to the well-known value; the rest have none and keep a name of ours
    "generate": "chat",
    "embed": "embeddings",
    "render": "generate_content",
    "fetch": "fetch_response",
    "count": "count_tokens",
    "submit": "create_batch",
    "track": "retrieve_batch",
    "results": "retrieve_batch_results",
}
_BY_FORMAT = {
    "openai_completions": "text_completion",
    "google_generate": "generate_content",
    "google_images": "generate_content",
    "openai_images": "generate_content",
    "openai_transcription": "generate_content",
    "mistral_transcription": "generate_content",
}
_MODERATIONS = ("openai_moderations", "mistral_moderations")
_OUTPUT_TYPES = {
    "openai_images": "image",
    "openai_image_edits": "image",
    "google_images": "image",
    "openai_speech": "speech",
}
_FAMILIES = {"openai": "openai", "anthropic": "anthropic", "mistral": "mistral_ai", "google": "gcp.gemini"}
_HOSTS = {  # whose host it is says more than whose format it speaks
    "api.cohere.com": "cohere",
    "api.deepseek.com": "deepseek",
    "api.groq.com": "groq",
    "api.moonshot.ai": "moonshot_ai",
    "api.perplexity.ai": "perplexity",
    "api.x.ai": "x_ai",
}
_DOMAINS = {
    "aiplatform.googleapis.com": "gcp.vertex_ai",
    "openai.azure.com": "azure.ai.openai",
    "services.ai.azure.com": "azure.ai.inference",
    "amazonaws.com": "aws.bedrock",
    "ml.cloud.ibm.com": "ibm.watsonx.ai",
}


def operation(done: str, spoken: str) -> str:
    """Return the `gen_ai.operation.name` of what a record calls `done` in the format `spoken`."""
    if done == "generate":
        return _BY_FORMAT.get(spoken, "chat")
    return "moderate" if spoken in _MODERATIONS else _OPERATIONS.get(done, done)


def output_type(spoken: str) -> str:
    """Return the `gen_ai.output.type` that a format is for, "" where it is for text."""
    return _OUTPUT_TYPES.get(spoken, "")


def provider(host: str, spoken: str, entry: str) -> str:
    """Return the well-known `gen_ai.provider.name`: by the host's name (without its port), else by the format it speaks."""
    known = _HOSTS.get(host) or next(
        (name for domain, name in _DOMAINS.items() if host.endswith((f".{domain}", f"-{domain}")) or host == domain), ""
    )
    return known or _FAMILIES.get(spoken.partition("_")[0]) or entry or OTHER
