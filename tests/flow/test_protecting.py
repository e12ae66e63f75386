"""What cannot be rewritten is refused with the place it stands at, in words, and never with the value."""

from __future__ import annotations

from typing import Any

import pytest
from openai import OpenAI

import govai
from tests.server import Server


@pytest.mark.parametrize(("where", "place", "french"), [
    ({"extra_headers": {"x-note": "ana@exemple.fr"}}, "an e-mail stands in a header", "dans un en-tête"),
    ({"extra_query": {"note": "ana@exemple.fr"}}, "an e-mail stands in the query", "dans la requête de l'URL"),
    ({"model": "ana@exemple.fr"}, "an e-mail stands in the model's name", "dans le nom du modèle"),
    ({"extra_headers": {"x-note": "+33 6 12 34 56 78"}}, "a phone number stands in a header", "une donnée (numéro de téléphone)"),
])
def test_where_nothing_may_be_rewritten_is_said_in_words(gov: govai.Governor, server: Server, monkeypatch: pytest.MonkeyPatch, where: dict[str, Any], place: str, french: str) -> None:
    with OpenAI(base_url=f"http://{server.host}/v1", api_key="test", max_retries=0) as client:
        wrapped = gov.wrap(client, purpose="support")
        for language, says in (("en", place), ("fr", french)):
            monkeypatch.setenv("GOVAI_LANG", language)
            with pytest.raises(govai.Blocked) as caught:
                wrapped.chat.completions.create(**{"model": "echo", "messages": [{"role": "user", "content": "Bonjour"}], **where})
            assert says in str(caught.value) and "x-note" not in str(caught.value) and "exemple" not in str(caught.value)
