import pytest

from tests.memory.extraction.dialogues import facts, values


@pytest.mark.parametrize(
    ("line", "intent"),
    [
        ("I need to return an item, can you help me with that?", "return an item"),
        ("I'd like to cancel my subscription", "cancel my subscription"),
        ("i want to change my seat", "change my seat"),
    ],
)
def test_what_the_customer_wants(line: str, intent: str) -> None:
    [found] = [f for f in facts(f"C: {line}") if f.key == "intent"]
    assert (found.kind, found.value) == ("intent", intent)


def test_an_intent_reads_in_the_third_person() -> None:
    [found] = facts("C: I want to update my address")
    assert found.text == "Wants to update their address."


@pytest.mark.parametrize(
    "line",
    [
        "I want to return it",
        "Do I need to return an item?",
        "If I want to return an item, how?",
        "My sister says I want to cancel my order",
    ],
)
def test_vague_or_supposed_wishes_are_left(line: str) -> None:
    assert "intent" not in dict(values(f"C: {line}"))


@pytest.mark.parametrize(
    ("line", "issue"),
    [
        ("My laptop arrived broken", "My laptop arrived broken"),
        ("I got the wrong size.", "got the wrong size"),
        ("I can't log in to my account", "can't log in to my account"),
        ("my order 99128812 never arrived", "my order 99128812 never arrived"),
        (
            "my credit card keeps getting rejected",
            "my credit card keeps getting rejected",
        ),
        ("I was charged twice for the lamp", "was charged twice for the lamp"),
        ("The lamp came with a broken switch", "The lamp came with a broken switch"),
        ("I'm having trouble with the app", "trouble with the app"),
    ],
)
def test_what_went_wrong(line: str, issue: str) -> None:
    assert [(f.kind, f.value) for f in facts(f"C: {line}") if f.key == "issue"] == [
        ("issue", issue)
    ]


@pytest.mark.parametrize(
    "line",
    [
        "I can't thank you enough",
        "I can't wait!",
        "What if my laptop arrived broken?",
        "I lost my keys again",
        "Is my order delayed?",
    ],
)
def test_no_issue_is_made_of_small_talk(line: str) -> None:
    assert "issue" not in dict(values(f"C: {line}"))


@pytest.mark.parametrize(
    "line",
    [
        "Hi!",
        "ok",
        "Thank you so much for your help, have a great day!",
        "No worries, you too",
        "HEY HO!",
        "That's all, bye",
        "wow that's kind of expensive",
        "just seems to be your site",
        "let me try that",
        "How much is overnight shipping?",
        "Some people think it's funny to put hats on cats.",
    ],
)
def test_small_talk_leaves_nothing(line: str) -> None:
    assert facts("A: Is there anything else I can help you with?", f"C: {line}") == []
