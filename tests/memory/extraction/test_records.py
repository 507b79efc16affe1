"""What agents put on record counts; what they ask, offer or repeat does not."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings

from memory.extraction import strategies
from memory.extraction.strategies import Chosen
from memory.llm import gateway
from memory.llm.config import GatewayConfig
from tests.memory.extraction.dialogues import facts, turns
from tests.scripted_openai import ScriptedOpenAI


def stated(*lines: str) -> list[tuple[str, str]]:
    return [(f.key, f.value) for f in facts(*lines) if f.source == "agent"]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("I have changed your e-mail to ida@example.org.",
         ("email", "ida@example.org")),
        ("I've just updated your email address to ida@example.org for you",
         ("email", "ida@example.org")),
        ("Your phone number is now +49 170 1234567.", ("phone", "+49 170 1234567")),
        ("Okay! We have updated your address to 9 Elm Court, Dayton. Anything else?",
         ("street_address", "9 Elm Court")),
        ("I have changed your billing address to 4 Oak Lane as requested",
         ("billing_address", "4 Oak Lane")),
        ("We've upgraded your plan to Premium Plus.", ("plan", "Premium Plus")),
        ("Your name has been corrected to Ida Falk.", ("customer_name", "Ida Falk")),
        ("I've set your preferred language to German", ("language", "German")),
        ("Your order 12345 has been refunded.",
         ("action_taken", "order 12345 has been refunded")),
        ("I have cancelled order #LF-20418 for you",
         ("action_taken", "cancelled order #LF-20418")),
        ("I've processed a full refund of $25.50 just now",
         ("action_taken", "processed a full refund of $25.50")),
    ],
)  # fmt: skip
def test_a_statement_of_record_is_the_agents_word(
    line: str, found: tuple[str, str]
) -> None:
    assert stated(f"A: {line}") == [found]


@pytest.mark.parametrize(
    "line",
    [
        "Is your e-mail now ida@example.org?",
        "Shall I change your e-mail to ida@example.org?",
        "Once I have changed your e-mail to ida@example.org you will get a mail.",
        "I have not changed your e-mail to ida@example.org.",
        "You said your e-mail is now ida@example.org.",
        "You told me that your e-mail address is ida@example.org.",
        "I will have your order 12345 refunded.",
        "Your order 12345 has not been refunded.",
        "If your order 12345 was cancelled, we refund it.",
        "Your order 12345 will be shipped tomorrow.",
        "I have changed your e-mail to what you wanted.",
        "I have updated your address to the one you gave me.",
        "I have changed your password to hunter22.",
        "Your plan is now over.",
        "Thank you, your order is on its way!",
        "I see that you live in Paris.",
    ],
)
def test_everything_else_is_none(line: str) -> None:
    assert stated(f"A: {line}") == []


@pytest.mark.parametrize(
    "lines",
    [
        ("B: I have changed your e-mail to ida@example.org.", "C: yes"),
        ("B: Your order 12345 has been refunded.", "C: yes, thank you"),
        ("B: I remember that you live in Paris.", "C: Yes, right."),
        ("B: Your e-mail is ida@example.org, isn't it?", "C: yes that's right"),
        ("B: You prefer phone calls.", "C: ok"),
        ("A: Your address is 9 Elm Court, Dayton, OH 45402?", "C: correct"),
        ("B: Your name is Ida Falk.", 'C: you wrote "my name is Ida Falk", why?'),
    ],
)
def test_nothing_comes_of_the_assistants_words_or_a_yes_to_them(
    lines: tuple[str, ...],
) -> None:
    assert facts(*lines) == []


def claimed(line: int, span: str, key: str, value: str) -> dict[str, object]:
    return {
        "line": line,
        "span": span,
        "kind": "fact",
        "key": key,
        "value": value,
        "text": f"{value}.",
        "polarity": "assert",
        "confidence": 0.99,
    }


@pytest.fixture
def model() -> Iterator[ScriptedOpenAI]:
    """A scripted model that is reached over HTTP."""
    embedded = GatewayConfig(data_dir=Path(settings.DATA_DIR))
    with ScriptedOpenAI() as server:
        gateway.configure(
            replace(
                embedded,
                base_url=server.base_url,
                api_key="test-key",
                models={"consolidate": "gpt-4.1"},
            )
        )
        yield server
    gateway.configure(embedded)


@pytest.fixture
def answer() -> dict[str, object]:
    return {
        "summary": "They talked.",
        "topics": [],
        "entities": [],
        "sentiment": "neutral",
        "pending_actions": [],
    }


def test_a_model_may_not_take_the_assistants_words_for_hers(
    model: ScriptedOpenAI, answer: dict[str, object]
) -> None:
    said = turns(
        "B: I remember that you live in Paris.",
        "A: You live in Paris, I see.",
        "C: yes, and my email is ida@example.org",
    )
    model.json_answer(
        {
            **answer,
            "facts": [
                claimed(0, "you live in Paris", "city", "Paris"),
                claimed(1, "You live in Paris", "city", "Paris"),
                claimed(2, "you live in Paris", "city", "Paris"),
                claimed(2, "ida@example.org", "E-Mail", "ida@example.org"),
            ],
        }
    )
    found = strategies.understand(said, fresh_from=0, chosen=Chosen()).candidates
    assert [(f.key, f.value) for f in found] == [("email", "ida@example.org")]


def test_beside_a_model_agents_statements_are_read_by_rule(
    model: ScriptedOpenAI, answer: dict[str, object]
) -> None:
    said = turns(
        "A: I have changed your e-mail to old@example.org.",
        "C: thanks",
        "A: Your order 12345 has been refunded.",
    )
    model.json_answer({**answer, "facts": []})
    found = strategies.understand(said, fresh_from=1, chosen=Chosen()).candidates
    assert [(f.key, f.source) for f in found] == [("action_taken", "agent")]
