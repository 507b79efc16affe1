import pytest

from tests.memory.extraction.dialogues import facts, values


@pytest.mark.parametrize(
    ("line", "channel"),
    [
        ("I prefer email", "email"),
        ("I'd rather be contacted by phone", "phone"),
        ("Please contact me by text message.", "text message"),
        ("please just email me from now on", "email"),
        ("I would prefer to be contacted via WhatsApp", "whatsapp"),
    ],
)
def test_the_preferred_channel(line: str, channel: str) -> None:
    [found] = facts(f"C: {line}")
    assert (found.kind, found.key, found.value) == (
        "preference",
        "contact_channel",
        channel,
    )
    assert found.single


def test_a_changed_mind_comes_last() -> None:
    found = values("C: I prefer phone calls.", "C: Actually, I prefer email now.")
    assert [v for _, v in found] == ["phone", "email"]


def test_two_changes_of_mind_end_where_they_began() -> None:
    found = values("C: I prefer email.", "C: I prefer phone.", "C: No, I prefer email.")
    assert [v for _, v in found] == ["email", "phone", "email"]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("please don't call me", "phone calls"),
        ("Stop texting me", "text messages"),
        ("I don't want to receive newsletters.", "newsletters"),
        ("Stop sending me marketing emails.", "marketing emails"),
    ],
)
def test_what_she_does_not_want_is_no_liking(line: str, what: str) -> None:
    assert values(f"C: {line}") == [("do_not_contact", what)]


@pytest.mark.parametrize(
    "line",
    [
        "Could you email me the receipt?",
        "Do you prefer email?",
        "My husband prefers email.",
        "If I prefer email, what then?",
        "He said he prefers phone calls",
    ],
)
def test_no_preference_is_read_into_questions_or_other_people(line: str) -> None:
    assert values(f"C: {line}") == []


def test_language_and_hours() -> None:
    assert values("C: Please write to me in French. Call me after 6pm.") == [
        ("language", "French"),
        ("contact_time", "after 6pm"),
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("I love hiking in the Alps.", ("likes", "hiking in the Alps")),
        ("I really enjoy painting, you know", ("likes", "painting")),
        ("I hate long forms", ("dislikes", "long forms")),
        ("I don't like surprises", ("dislikes", "surprises")),
        ("I prefer aisle seats", ("prefers", "aisle seats")),
    ],
)
def test_lasting_tastes(line: str, expected: tuple[str, str]) -> None:
    assert values(f"C: {line}") == [expected]


@pytest.mark.parametrize(
    "line",
    [
        "I love it!",
        "I like your shop",
        "I would like to know more",
        "I love the color of the lamp",
        "I love this jacket",
        "I like how it works",
        "Would I like this one?",
    ],
)
def test_passing_remarks_are_no_tastes(line: str) -> None:
    assert not {"likes", "dislikes", "prefers"} & dict(values(f"C: {line}")).keys()
