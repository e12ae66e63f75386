"""The policy file's shape. Pydantic checks it; `policy` turns it into what judges."""

from __future__ import annotations

from datetime import date  # noqa: TC003 -- pydantic reads annotations at run time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from govai.core.lang import say

EffectWord = Literal["allow", "mask", "generalise", "pseudonymise", "remove", "block"]
KeepWord = Literal["", "nothing", "content"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Words = list[str] | str
SomeWords = Annotated[list[str], Field(min_length=1)] | str  # of a condition: an empty list would match everything
Whole = Annotated[int, Field(ge=0, lt=2**53)]  # what the canonical bytes can hold


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class TransferFile(_Part):
    mechanism: str
    expires: date | None = None


class ProviderFile(_Part):
    like: str = ""
    api: Literal["chat", "responses"] = "chat"
    host: str = ""
    base_path: str = ""
    scheme: Literal["", "http", "https"] = ""
    region: str = ""
    trains_on_inputs: bool | None = None
    retention_days: Whole | None = None
    dpa: str = ""
    transfer: TransferFile | None = None
    api_key: str = ""

    @field_validator("api_key")
    @classmethod
    def _named_not_written(cls, value: str) -> str:
        if value and not value.startswith(("env:", "file:")):
            raise ValueError(
                say(
                    "name where the key is (env:NAME or file:PATH), never the key itself",
                    "nommez où est la clé (env:NOM ou file:CHEMIN), jamais la clé elle-même",
                )
            )
        return value


class PurposeFile(_Part):
    basis: Literal[
        "consent", "contract", "legal_obligation", "vital_interests", "public_task", "legitimate_interest"
    ]  # GDPR art. 6(1)(a) to (f)
    use: str = ""
    channel: str = ""
    owner: str = ""
    publish: bool = False
    zone: Literal["", "experiment"] = ""
    keep: KeepWord = ""
    retention: str = ""

    @model_validator(mode="after")
    def _experiments_stay_inside(self) -> PurposeFile:
        if self.publish and self.zone == "experiment":
            raise ValueError(
                say(
                    "a purpose in the experiment zone cannot publish",
                    "une finalité en zone d'expérimentation ne peut publier",
                )
            )
        return self


class DataFile(_Part):
    category: SomeWords | None = None
    sensitivity: str | None = None
    source: str | None = None
    field: str | None = None
    detected: str | bool | None = None
    unclassified: bool | None = None


class RuleFile(_Part):
    id: Name
    data: DataFile = Field(default_factory=DataFile)
    purpose: SomeWords | None = None
    provider: SomeWords | None = None
    effect: EffectWord
    mode: Literal["enforce", "observe"] = "enforce"


class ReviewFile(_Part):
    id: Name
    data: DataFile | None = None
    purpose: SomeWords | None = None
    on: Literal["prompt", "output"] = "output"
    role: Name
    expires: str = "72h"
    sample: Literal[1] = 1
    self_review: Literal["", "allowed"] = ""


class AllowFile(_Part):
    opaque: Words = Field(default_factory=list)
    references: Words = Field(default_factory=list)
    recipients: Words = Field(default_factory=list)


class RetentionFile(_Part):
    purpose: SomeWords | None = None
    kind: SomeWords | None = None
    keep: str


class PolicyFile(_Part):
    govai: Literal[1]
    name: Name
    version: Whole = 1
    extends: Literal["", "eu-marketing"] = ""
    unmatched: EffectWord = "block"
    undeclared: Literal["detect", "review", "block"] = "detect"
    mode: Literal["enforce", "observe"] = "enforce"
    providers: dict[str, ProviderFile] = Field(default_factory=dict)
    purposes: dict[str, PurposeFile] = Field(default_factory=dict)
    rules: list[RuleFile] = Field(default_factory=list)
    matrix: dict[str, dict[str, EffectWord]] = Field(default_factory=dict)
    reviews: list[ReviewFile] = Field(default_factory=list)
    people: dict[str, list[str]] = Field(default_factory=dict)
    allow: AllowFile = Field(default_factory=AllowFile)
    keep: KeepWord = ""
    retention: list[RetentionFile] = Field(default_factory=list)


# Keys of the policy language that are not built yet: an error says so, where silence would let data through.
LATER: dict[str, frozenset[str]] = {
    "": frozenset({"limits", "waivers", "prices", "delegate", "signed", "conditions"}),
    "rules": frozenset({"unless", "if", "owner", "signed", "surrogate", "expires"}),
    "reviews": frozenset({"quorum", "escalate", "unless"}),
    "purposes": frozenset({"limits"}),
    "providers": frozenset({"prices"}),
}
PARTS: dict[str, Any] = {
    "": PolicyFile,
    "providers": ProviderFile,
    "purposes": PurposeFile,
    "rules": RuleFile,
    "reviews": ReviewFile,
    "allow": AllowFile,
    "data": DataFile,
    "transfer": TransferFile,
    "retention": RetentionFile,
}
