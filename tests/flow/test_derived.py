"""An answer that goes into a later request is named by that request's record, through every door, and only then."""

from __future__ import annotations

import multiprocessing
import threading
from typing import Any

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

import govai
from govai.flow.derived import Answers, passages_of
from govai.testing import Provider, governor

SUMMARY = "Les retards de livraison reviennent dans deux plaintes sur trois"
ADVICE = "Proposer un créneau fixe aux abonnés concernés dès janvier"
ANSWER = f"{SUMMARY}. {ADVICE}."
MODEL = "openai:m"


def intents(gov: govai.Governor) -> list[govai.Record]:
    return list(gov.ledger.records(kind="intent"))


def links(gov: govai.Governor) -> list[list[str] | None]:
    return [one.body.get("derived_from") for one in intents(gov)]


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def gov(provider: Provider) -> Any:
    with governor(provider=provider) as made:
        yield made.bind(purpose="reporting")


@pytest.mark.parametrize(
    "again",
    [
        "{}",
        "Traduis : {}",
        'Le collègue a écrit "{}" hier.',
        "> {}\n\nQu'en penses-tu ?",
        '{{"texte": "{}"}}',
        "Un début.\n{}\nUne fin.",
    ],
)
def test_an_answer_in_a_prompt_links_the_calls(gov: govai.Governor, provider: Provider, again: str) -> None:
    provider.answer(ANSWER, "ok")
    first = gov.generate(MODEL, "Résume les plaintes")
    gov.generate(MODEL, again.format(first))
    assert links(gov) == [None, [first.record_id]]


def test_part_of_an_answer_is_enough(gov: govai.Governor, provider: Provider) -> None:
    provider.answer(ANSWER, "ok")
    first = gov.generate(MODEL, "Résume les plaintes")
    gov.generate(MODEL, f"Est-ce faisable : {ADVICE} ?")
    assert links(gov)[1] == [first.record_id]


def test_what_the_first_prompt_said_already_links_nothing(gov: govai.Governor, provider: Provider) -> None:
    provider.answer(ANSWER, "ok")
    gov.generate(MODEL, f"Répète exactement ceci : {ANSWER}")
    gov.generate(MODEL, f"Répète encore ceci : {ANSWER}")
    assert links(gov) == [None, None]


def test_other_words_link_nothing(gov: govai.Governor, provider: Provider) -> None:
    provider.answer(ANSWER, "Oui", "ok")
    gov.generate(MODEL, "Résume les plaintes")
    gov.generate(MODEL, "Les livraisons tardent-elles souvent chez nous en ce moment ?")
    gov.generate(MODEL, "Oui")
    assert links(gov) == [None, None, None]


def test_a_whole_answer_that_is_short_is_found_too(gov: govai.Governor, provider: Provider) -> None:
    provider.answer("Retard livraison", "ok")
    first = gov.generate(MODEL, "Classe cette plainte")
    gov.generate(MODEL, f"Catégorie : {first}")
    assert links(gov)[1] == [first.record_id]


def test_a_reply_given_as_it_is_needs_no_search(gov: govai.Governor, provider: Provider) -> None:
    provider.answer("Oui", "Non", "Peut-être", "Bien", "ok")
    replies = [gov.generate(MODEL, "Livré ?")]
    replies.append(gov.generate(MODEL, replies[0]))
    replies.append(gov.generate(MODEL, messages=[govai.Message("user", replies[1])]))
    replies.append(gov.generate(MODEL, "Que dire de {avis} ?", data={"avis": replies[2]}))
    gov.generate(MODEL, lambda rows: f"Que dire de {rows[0].avis} ?", data=[{"avis": replies[3]}, {"avis": "rien"}])
    assert links(gov) == [None, *([one.record_id] for one in replies)]
    assert [one.text.split("\n")[-1] for one in provider.requests[1:3]] == ["Oui", "Non"]


def test_an_answer_given_as_data_is_found_in_its_field(gov: govai.Governor, provider: Provider) -> None:
    provider.answer(ANSWER, "ok")
    first = gov.generate(MODEL, "Résume les plaintes")
    gov.generate(MODEL, "Que dire de {avis} ?", data={"avis": first.text})
    assert links(gov)[1] == [first.record_id]


def test_the_restored_text_and_the_protected_one_are_both_known(gov: govai.Governor, provider: Provider) -> None:
    provider.answer(lambda request: f"Répondre à {request.text.split()[-1]} avant la fin de la semaine", "ok", "ok")
    first = gov.generate(MODEL, "Qui attend une réponse ? ana@exemple.fr")
    assert "ana@exemple.fr" in first.text and "ana@exemple.fr" not in first.protected
    gov.generate(MODEL, f"Écris le message. {first.text}")
    gov.generate(MODEL, f"Écris le message. {first.protected}")
    assert links(gov)[1:] == [[first.record_id]] * 2


def test_a_stream_and_a_wrapped_client_too(gov: govai.Governor, provider: Provider) -> None:
    provider.answer(ANSWER, "Une autre réponse, assez longue pour compter", "ok")
    with gov.stream(MODEL, "Résume les plaintes") as stream:
        said = "".join(stream)
    client = gov.wrap(openai.OpenAI(api_key="k", http_client=provider.http_client()))
    turn = client.chat.completions.create(model="m", messages=[{"role": "user", "content": said}])
    history = [{"role": "user", "content": said}, {"role": "assistant", "content": turn.choices[0].message.content}, {"role": "user", "content": "Continue"}]
    client.chat.completions.create(model="m", messages=history)
    first, second, third = intents(gov)
    assert second.body["derived_from"] == [first.id]
    assert set(third.body["derived_from"]) == {first.id, second.id}


async def test_asyncio_too(gov: govai.Governor, provider: Provider) -> None:
    provider.answer(ANSWER, "Une autre réponse, assez longue pour compter", "ok")
    first = await gov.agenerate(MODEL, "Résume les plaintes")
    async with gov.astream(MODEL, f"Traduis : {first}") as stream:
        said = "".join([piece async for piece in stream])
    await gov.agenerate(MODEL, said)
    assert links(gov)[1:] == [[first.record_id], [stream.reply.record_id]]


def test_what_is_remembered_is_bounded_and_holds_no_text() -> None:
    answers = Answers()
    for number in range(20_000):
        answers.learn(f"r{number}", [hash(f"passage {number}")])
    assert len(answers._new) + len(answers._old) <= 8192
    assert answers.among([hash("passage 19999")]) == ["r19999"] and answers.among([hash("passage 3")]) == []
    assert all(isinstance(one, int) for one in answers._new)


def test_no_answer_stays_in_memory(gov: govai.Governor, provider: Provider) -> None:
    provider.answer(ANSWER)
    gov.generate(MODEL, "Résume les plaintes")
    answers = gov._engine.answers
    assert answers and all(isinstance(one, int) for one in answers._new) and SUMMARY not in repr(gov._engine)


def test_threads_share_it_without_harm() -> None:
    answers = Answers()

    def work(name: str) -> None:
        for number in range(5_000):
            answers.learn(f"{name}{number}", [hash((name, number))])
            answers.among([hash((name, number))])

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(answers._new) <= 4096 + len(threads)


def _child(gov: govai.Governor, said: str, queue: Any) -> None:
    gov.generate(MODEL, f"Traduis : {said}")
    queue.put([one.body.get("derived_from") for one in gov.ledger.records(kind="intent")][-1])


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_knows_what_its_parent_knew(gov: govai.Governor, provider: Provider) -> None:
    provider.answer(ANSWER, "ok")
    first = gov.generate(MODEL, "Résume les plaintes")
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    child = context.Process(target=_child, args=(gov, first.text, queue))
    child.start()
    assert queue.get(timeout=30) == [first.record_id]
    child.join()


@given(st.lists(st.text(alphabet="abcdé '«»", min_size=30, max_size=60), min_size=1, max_size=4), st.text(max_size=40), st.text(max_size=40))
def test_passages_are_found_wherever_they_stand_between_lines(lines: list[str], before: str, after: str) -> None:
    answer = "\n".join(lines)
    assert set(passages_of(answer)) <= set(passages_of(f"{before}\n{answer}\n{after}"))


def test_runs_name_the_runs_around_them(gov: govai.Governor, provider: Provider) -> None:
    provider.always("ok")

    @govai.lineage(job="write")
    def write() -> None:
        gov.generate(MODEL, "Écris")

    @govai.lineage(job="step")
    def step() -> None:
        write()

    with govai.scope(job="campaign"):
        gov.generate(MODEL, "Prépare")
        step()
    write()
    prepared, written, alone = (one.body for one in intents(gov))
    assert "parent_run" not in prepared and "parent_run" not in alone
    assert (written["job"], written["parent_job"], written["root_job"]) == ("write", "step", "campaign")
    assert written["root_run"] == prepared["run_id"] and len({written["run_id"], written["parent_run"], written["root_run"]}) == 3
    assert alone["run_id"] not in (written["run_id"], "")


def test_a_ticket_goes_on_in_the_run_it_was_asked_in(provider: Provider) -> None:
    provider.always("ok")
    reviewed = {"govai": 1, "name": "t", "extends": "eu-marketing", "reviews": [{"id": "r", "purpose": ["reporting"], "on": "prompt", "role": "data"}], "people": {"data": ["ines"]}}
    with governor(reviewed, provider=provider) as gov:
        with govai.scope(job="campaign"), govai.scope(job="step"), pytest.raises(govai.ReviewPending) as caught:
            gov.generate(MODEL, "Écris", purpose="reporting")
        gov.bind(actor="ines").reviews.approve(caught.value.ticket_id)
        gov.resume(caught.value.ticket_id)
        (one,) = intents(gov)
    assert (one.body["job"], one.body["parent_job"]) == ("step", "campaign")
