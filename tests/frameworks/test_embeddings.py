"""Embeddings: texts are governed; the token ids that one client sends by default cannot be looked into."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import govai
from tests.frameworks.conftest import MAIL, NAME, TEXT, Process, answered, needs


@pytest.fixture(autouse=True)
def _tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tokenizer of single bytes in place of one that is downloaded."""
    try:
        import tiktoken
        import tiktoken.registry
    except ImportError:
        return
    ranks = {bytes([byte]): byte for byte in range(256)}
    made = tiktoken.Encoding("cl100k_base", pat_str=r"\S+|\s+", mergeable_ranks=ranks, special_tokens={})
    monkeypatch.setitem(tiktoken.registry.ENCODINGS, "cl100k_base", made)


def _openai(**options: Any) -> Any:
    from langchain_openai import OpenAIEmbeddings

    return OpenAIEmbeddings(model="text-embedding-3-small", **options)


def _mistral() -> Any:
    from langchain_mistralai import MistralAIEmbeddings

    return MistralAIEmbeddings(model="mistral-embed")


def _google() -> Any:
    from langchain_google_genai import GoogleGenerativeAIEmbeddings

    return GoogleGenerativeAIEmbeddings(model="gemini-embedding-001")


TEXTS = [
    ("langchain-openai", "openai", "`OpenAIEmbeddings(check_embedding_ctx_length=False)`", lambda: _openai(check_embedding_ctx_length=False)),
    ("langchain-mistralai", "mistral", "`MistralAIEmbeddings`", _mistral),
    ("langchain-google-genai", "google", "`GoogleGenerativeAIEmbeddings`", _google),
]


@pytest.mark.parametrize("way", ["sync", "async"])
@pytest.mark.parametrize(("package", "provider", "what", "make"), TEXTS, ids=lambda value: value if isinstance(value, str) else "")
def test_texts_leave_protected(process: Process, tell: Callable[..., None], package: str, provider: str, what: str, make: Any, way: str) -> None:
    version = needs(package)
    embeddings = make()
    vectors = answered(embeddings.embed_documents([TEXT]) if way == "sync" else embeddings.aembed_documents([TEXT]))
    assert [len(vector) for vector in vectors] == [8]
    process.provider.assert_never_saw(MAIL, NAME)
    assert process.kinds == ["intent", "outcome"]
    tell("case", framework="LangChain", package=package, version=version, provider=provider, what=what, outcome="governed", note="")


@pytest.mark.parametrize("way", ["sync", "async"])
def test_token_ids_are_refused(process: Process, tell: Callable[..., None], way: str) -> None:
    version = needs("langchain-openai")
    embeddings = _openai()
    with pytest.raises(govai.Ungoverned, match="'tokens' cannot be looked into"):
        answered(embeddings.embed_documents([TEXT]) if way == "sync" else embeddings.aembed_documents([TEXT]))
    assert process.provider.requests == []
    assert process.kinds == ["refusal"]
    tell("case", framework="LangChain", package="langchain-openai", version=version, provider="openai", what="`OpenAIEmbeddings`", outcome="refused", note="it sends token ids: `check_embedding_ctx_length=False` sends texts")
