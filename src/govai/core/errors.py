"""The error tree. Each says what happened, where, and what to do next; none holds a raw sensitive value.

GovaiError
├── ConfigError            configuration or policy that cannot be used as written (file, line, nearest name)
├── PolicyError            a call the policy cannot judge
│   └── PurposeRequired    personal data, and no purpose was declared
├── Blocked                the policy says no (.decision)
│   └── ConsentRequired    the basis is consent and none is known
├── Ungoverned             something govai cannot look into, and nothing allows it by name
├── ReviewPending          a person has to decide first (.ticket_id)
├── ReviewRejected         a person said no
├── ReviewExpired          nobody decided in time
├── LedgerUnavailable      the record cannot be made durable, so nothing left
├── SinkUnavailable        a sink takes nothing for now: its records wait (.status)
│   └── SinkRefused        a sink will never take these records as they are
└── ProviderError          the provider refused or failed
    ├── AuthenticationFailed · RateLimited · InvalidRequest (ContextTooLong · ContentFiltered)
    └── ProviderUnavailable · ProviderTimeout
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from govai.core.decisions import Decision


class GovaiError(Exception):
    """Base of every error govai raises.

    Args:
        what: what happened, in a sentence, without any raw value.
        where: the place (file and line, slot, endpoint), if there is one.
        todo: what to do next.
    """

    code: ClassVar[str] = "GOVAI-000"

    def __init__(self, what: str, *, where: str = "", todo: str = "") -> None:
        self.what, self.where, self.todo = what, where, todo
        super().__init__(what)

    def __str__(self) -> str:
        where = f" ({self.where})" if self.where else ""
        todo = f" — {self.todo}" if self.todo else ""
        return f"[{self.code}] {self.what}{where}{todo}"

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuild, (type(self), self.what, dict(self.__dict__))


def rebuild(cls: type[GovaiError], what: str, state: dict[str, Any]) -> GovaiError:
    error = cls.__new__(cls, what)
    Exception.__init__(error, what)
    error.__dict__.update(state)
    return error


class ConfigError(GovaiError):
    """Configuration or a policy that cannot be used as written."""

    code = "GOVAI-C01"


class PolicyError(GovaiError):
    """A call that the policy cannot judge as it was made."""

    code = "GOVAI-P01"


class PurposeRequired(PolicyError):
    """Personal data would leave and no purpose was declared (GDPR art. 5(1)(b))."""

    code = "GOVAI-P02"


class Blocked(GovaiError):
    """The policy refuses the call. `decision` says which finding, which rule and why; `intent_id`, what the ledger did not take."""

    code = "GOVAI-P03"
    intent_id = ""

    def __init__(self, what: str, *, decision: Decision | None = None, where: str = "", todo: str = "") -> None:
        super().__init__(what, where=where, todo=todo)
        self.decision = decision


class ConsentRequired(Blocked):
    """The purpose rests on consent (GDPR art. 6(1)(a)) and none is known for this subject."""

    code = "GOVAI-P04"


class Ungoverned(GovaiError):
    """Something that cannot be looked into and that nothing allows by name."""

    code = "GOVAI-W01"


class ReviewPending(GovaiError):
    """A person has to decide first. `ticket_id` names the ticket; approve it, then resume."""

    code = "GOVAI-R01"

    def __init__(self, what: str, *, ticket_id: str, where: str = "", todo: str = "") -> None:
        super().__init__(what, where=where, todo=todo)
        self.ticket_id = ticket_id


class ReviewRejected(GovaiError):
    """A reviewer said no."""

    code = "GOVAI-R02"


class ReviewExpired(GovaiError):
    """Nobody decided before the ticket expired."""

    code = "GOVAI-R03"


class LedgerUnavailable(GovaiError):
    """The record cannot be made durable, so nothing left."""

    code = "GOVAI-L01"


class SinkUnavailable(GovaiError):
    """A sink cannot be reached, or takes nothing for now; its records wait for it. `status`: what it answered, if it did."""

    code = "GOVAI-S01"

    def __init__(self, what: str, *, status: int | None = None, where: str = "", todo: str = "") -> None:
        super().__init__(what, where=where, todo=todo)
        self.status = status


class SinkRefused(SinkUnavailable):
    """A sink will never take these records as they are. Offered one by one, the refused ones become dead letters."""

    code = "GOVAI-S02"


class ProviderError(GovaiError):
    """The provider refused or failed.

    Attributes:
        status: HTTP status, or None when there was no answer.
        provider: the provider entry's name.
        request_id: the provider's own id of the request, if it gave one.
        retry_after: seconds the provider asked to wait, if it did.
    """

    code = "GOVAI-V00"

    def __init__(
        self,
        what: str,
        *,
        status: int | None = None,
        provider: str = "",
        request_id: str | None = None,
        retry_after: float | None = None,
        where: str = "",
        todo: str = "",
    ) -> None:
        super().__init__(what, where=where, todo=todo)
        self.status, self.provider, self.request_id, self.retry_after = status, provider, request_id, retry_after


class AuthenticationFailed(ProviderError):
    """401 or 403: the key is missing, wrong or not allowed."""

    code = "GOVAI-V01"


class RateLimited(ProviderError):
    """429: too many requests or no quota left."""

    code = "GOVAI-V02"


class InvalidRequest(ProviderError):
    """Another 4xx: the provider does not accept the request."""

    code = "GOVAI-V03"


class ContextTooLong(InvalidRequest):
    """The prompt is longer than the model's context."""

    code = "GOVAI-V04"


class ContentFiltered(InvalidRequest):
    """The provider's own filter refused the prompt."""

    code = "GOVAI-V05"


class ProviderUnavailable(ProviderError):
    """5xx, or no connection."""

    code = "GOVAI-V06"


class ProviderTimeout(ProviderError):
    """No answer in time."""

    code = "GOVAI-V07"
