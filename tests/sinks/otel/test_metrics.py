"""How long attempts took and the tokens they used, in either version of the conventions."""

from __future__ import annotations

import govai


def test_attempts_are_timed_and_their_tokens_counted(telling: govai.Governor, told) -> None:
    for _ in range(3):
        telling.generate("near:echo", "bonjour", purpose="support")
    telling.ledger.flush()
    (timed,) = told.metrics["gen_ai.client.inference.duration"]
    outcomes = list(telling.ledger.records(kind="outcome"))
    assert (timed.count, round(timed.sum, 6)) == (3, sum(r.body["latency_us"] for r in outcomes) / 1e6)
    assert timed.explicit_bounds[0] == 0.01
    assert {name: sum(point.value for point in points) for name, points in told.metrics.items() if "usage" in name} == {
        "gen_ai.client.inference.usage.input_tokens": 9,
        "gen_ai.client.inference.usage.output_tokens": 12,
    }


def test_a_failure_is_timed_under_its_error_and_uses_no_tokens(telling: govai.Governor, told, server) -> None:
    server.failures.clear()
    telling.generate("near:status-500x2", "bonjour", purpose="support")
    telling.ledger.flush()
    assert {point.attributes.get("error.type"): point.count for point in told.metrics["gen_ai.client.inference.duration"]} == {"500": 2, None: 1}
    assert sum(point.value for point in told.metrics["gen_ai.client.inference.usage.input_tokens"]) == 3


def test_the_older_conventions_have_one_histogram_of_tokens(policy: dict, told) -> None:
    with govai.Governor(policy, ledger=":memory:", actor="ana", sinks=[told.sink("v1.36")]) as gov:
        gov.generate("near:echo", "bonjour", purpose="support")
    (span,) = told.spans
    assert span.attributes["gen_ai.system"] == "openai"
    assert span.instrumentation_scope.schema_url == "https://opentelemetry.io/schemas/1.36.0"
    assert {point.attributes["gen_ai.token.type"]: point.sum for point in told.metrics["gen_ai.client.token.usage"]} == {"input": 3, "output": 4}
    assert told.metrics["gen_ai.client.operation.duration"][0].attributes["gen_ai.system"] == "openai"


def test_nothing_is_counted_of_what_was_not_taken(policy: dict, told) -> None:
    from govai.sinks import Memory

    kept, told_nothing = Memory(), told.sink()
    with govai.Governor(policy, ledger=":memory:", actor="ana", sinks=[kept]) as gov:
        gov.generate("near:echo", "bonjour", purpose="support")
    told_nothing.emit(kept.records[:1])
    assert told.metrics == {}
