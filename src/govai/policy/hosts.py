"""Hosts of model providers: those of the policy's registry, and those that are well known without it.

What is spoken there is known for some; for the others a request is refused until the policy says it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from govai.core.lang import say
from govai.core.names import nearest
from govai.policy.registry import HOSTS, NEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from govai.policy.registry import Provider

AZURE = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com")
_REGION = r"[a-z0-9-]+"
_DEFAULT_PORT = re.compile(r":(?:80|443)?$")
_SIGNED = re.compile(
    rf"bedrock(?:-agent)?-runtime(?:-fips)?\.{_REGION}\.(?:amazonaws\.com(?:\.cn)?|api\.aws)"
    rf"|.+\.bedrock(?:-agent)?-runtime\.{_REGION}\.vpce\.amazonaws\.com"
)
_FAMILIES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), like)
    for pattern, like in (
        *((re.escape(host), like) for like, host in HOSTS.items()),
        (r"[a-z]+\.api\.openai\.com", "openai"),
        *((rf".+{re.escape(suffix)}", "openai") for suffix in AZURE),
        (r"codestral\.mistral\.ai|api\.[a-z]+\.mistral\.ai", "mistral"),
        (rf"(?:{_REGION}-)?aiplatform\.googleapis\.com|aiplatform\.[a-z]+\.rep\.googleapis\.com", "google"),
        (r"openrouter\.ai|router\.huggingface\.co", "openai"),
        (r"api\.(?:groq\.com|deepseek\.com|x\.ai|together\.xyz|fireworks\.ai|perplexity\.ai|cerebras\.ai)", "openai"),
        (r"api\.(?:cohere\.com|cohere\.ai|replicate\.com)", ""),
        (_SIGNED.pattern, ""),
    )
)


def bare(host: str) -> str:
    """Return a host's name without its port, its final dot and its case: `API.openai.com.:443` is `api.openai.com`."""
    return re.sub(r":\d*$", "", host.lower()).rstrip(".")


@lru_cache(maxsize=1024)
def family_at(host: str) -> str | None:
    """Return the family of wire formats that is spoken at a well-known host, "" if it is none of ours; None elsewhere."""
    name = bare(host)
    return next((like for pattern, like in _FAMILIES if pattern.fullmatch(name)), None)


def on_azure(host: str) -> bool:
    """Whether a host is Azure's, which serves OpenAI's interface below `/openai/v1`."""
    return bare(host).endswith(AZURE)


def signed_at(host: str) -> bool:
    """Whether requests to a host are signed with their body (AWS Signature Version 4): protecting it would break them."""
    return _SIGNED.fullmatch(bare(host)) is not None


def unregistered(policy: str, providers: Iterable[Provider], host: str, like: str) -> str:
    """Return why a request is for no entry of a policy, with the entry to add and the ones that come close.

    Args:
        policy: its name. host: of the request, with its port. like: the family it speaks, "" where nothing says it.
    """
    registered = list(providers)
    bases = [f"{one.base_path} ({one.name})" for one in registered if one.host == host.lower()]
    if bases:
        below = ", ".join(bases)
        return say(
            f"at {host}, policy '{policy}' knows only what is below {below}",
            f"à {host}, la politique « {policy} » ne connaît que ce qui est sous {below}",
        )
    entry = f'providers: {{NAME: {{like: {like or "openai"}, host: "{host}", …}}}}'
    close = _close_to(host, registered)
    near = say(f"; it has {close}", f" ; elle a {close}") if close else ""
    return say(
        f"{host} is not in policy '{policy}'{near}; add it: {entry}",
        f"{host} n'est pas dans la politique « {policy} »{near} ; ajoutez : {entry}",
    )


def _close_to(host: str, providers: Iterable[Provider]) -> str:
    """Return the entries whose host may be the one that is meant: nearly the same name, or this machine's other name."""
    named = {provider.host: provider.name for provider in providers}
    here = [other for other in named if bare(host) in NEAR and bare(other) in NEAR]
    close = here or [other for other in (nearest(host, named),) if other]
    return ", ".join(f"{other} ({named[other]})" for other in close)


class ProviderHosts:
    """The hosts of model providers, as one governor sees them: `"api.openai.com:443" in hosts`.

    An entry without a port counts for every port of its host; on this machine, where much else listens, for the default
    ports only.
    """

    def __init__(self, providers: Iterable[Provider]) -> None:
        self._registered = frozenset(provider.host for provider in providers)
        self._anywhere = frozenset(host for host in self._registered if host not in NEAR)

    def __contains__(self, host: str) -> bool:
        name = host.lower()
        return (
            name in self._registered
            or _DEFAULT_PORT.sub("", name) in self._registered
            or bare(name) in self._anywhere
            or family_at(name) is not None
        )

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._registered))
