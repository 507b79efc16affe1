"""How much of three of its messages a summary still says, judged by rules."""

import pytest

from memory.summaries import scoring
from memory.summaries.writing import draft_embedded
from tests.memory.summaries.conftest import talk, texts

LAMP = talk(
    "C: Hello there!",
    "C: My two lamps of order LF-1182 arrived broken on 14 March.",
    "A: Oh no. May I have your name please?",
    "C: Elena Marsh",
    "A: I will refund €84 to your account by Friday.",
    "C: Thank you so much!",
)
GOOD = (
    "Customer Elena Marsh: 2 lamps of order LF-1182 came broken on 14/03."
    " The agent promised to refund €84 to her account by Friday."
)


def score_of(text: str, turns=LAMP):  # type: ignore[no-untyped-def]  # read below as a score
    found = scoring.score(text, scoring.sample(turns))
    assert found is not None
    return found


def test_what_survives_in_other_words_and_forms_is_not_missing() -> None:
    found = score_of(GOOD)
    assert found.quality == 1.0
    assert found.missing == ()
    assert found.judged_by == "embedded"


@pytest.mark.parametrize(
    ("gone", "instead", "missing"),
    [
        ("LF-1182", "LF-1183", "LF-1182"),
        ("14/03", "15/03", "14 March"),
        ("2 lamps", "3 lamps", "two lamps"),
        ("€84", "€48", "€84"),
        ("Friday", "Monday", "Friday"),
        (
            "The agent promised to refund €84 to her account by Friday.",
            "Nothing was said about €84 until Friday.",
            "I will refund €84 to your account by Friday.",
        ),
    ],
)
def test_each_detail_and_promise_that_is_gone_is_named(
    gone: str, instead: str, missing: str
) -> None:
    found = score_of(GOOD.replace(gone, instead))
    assert missing in found.missing
    assert found.quality < 1.0


def test_a_summary_that_says_nothing_of_it_scores_nothing() -> None:
    found = score_of("")
    assert found.quality == 0.0
    assert len(found.missing) <= scoring.MOST_MISSING


def test_greetings_and_thanks_are_not_looked_at() -> None:
    sampled = texts([item.turn for item in scoring.sample(LAMP)])
    assert not {"Hello there!", "Thank you so much!"} & set(sampled)


def test_three_messages_are_drawn_and_the_same_ones_again() -> None:
    turns = talk(*(f"C: Box {n} is in Depot {n}." for n in range(10, 60)))
    first, again = scoring.sample(turns), scoring.sample(turns)
    assert [item.turn.id for item in first] == [item.turn.id for item in again]
    assert len(first) == scoring.SAMPLE
    drawn = {tuple(i.turn.id for i in scoring.sample(turns[:n])) for n in range(30, 50)}
    assert len(drawn) > 10


def test_small_talk_has_no_score() -> None:
    turns = talk("C: Hi!", "B: Hello. What can I do for you?", "C: Thanks, bye")
    assert scoring.score("Customer: Hi!", scoring.sample(turns)) is None


def test_neither_secrets_nor_health_are_asked_for() -> None:
    turns = talk(
        "C: My card is 4111 1111 1111 1111 and my password is hunter22.",
        "C: I have diabetes since 2019.",
        "C: Please send order LF-1182 to Ghent.",
    )
    sampled = scoring.sample(turns)
    asked = str([(item.exact, item.points, item.turn.text) for item in sampled])
    assert "LF-1182" in asked
    assert "4111" not in asked
    assert "hunter22" not in asked
    assert "2019" not in str([item.exact for item in sampled])


def test_what_the_assistant_repeats_from_memory_is_no_news() -> None:
    turns = talk(
        "C: Which address do you have?",
        "B: I have your address as 18 Linden Row, Ghent. You told us on 3 May that you"
        " prefer e-mail. From our conversation on 2 May: “Order LF-7 came. It had 2.”",
        "B: Your order LF-20418 arrives on 14 March.",
    )
    text = draft_embedded(turns).text
    for known in ("Linden", "e-mail", "3 May", "LF-7", "It had"):
        assert known not in text
        assert known not in str(scoring.sample(turns)[-1].exact)
    assert "LF-20418 arrives on 14 March" in text


def test_what_is_missing_is_short_enough_to_be_kept() -> None:
    turns = talk(f"A: I will refund {'very ' * 400}much.", f"C: Code A{'1' * 900}Z.")
    found = score_of("Nothing.", turns)
    assert found.missing
    assert all(len(item) <= 300 for item in found.missing)


def test_tomorrow_has_its_date_beside_it() -> None:
    turns = talk("A: We send a new lamp tomorrow.", "C: It broke yesterday.")
    assert draft_embedded(turns).text == (
        "Agent: We send a new lamp tomorrow (11 March)."
        " Customer: It broke yesterday (9 March)."
    )
