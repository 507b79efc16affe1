from memory.extraction.discrete import extract
from memory.extraction.keys import CATALOGUE, spec
from tests.memory.extraction.dialogues import facts, turns, values

STORY = (
    "A: Hello, you live in Paris, right? Your order is 5551234567.",
    "C: Hi, no. My name is Ida Falk and I live at 9 Elm Court, Dayton, OH 45402.",
    "B: You told me that your e-mail address is ida@old.example.",
    "C: It is ida.falk@example.org now. I prefer email, please don't call me.",
    "A: May I have your username and the order ID?",
    "C: ifalk7, 5512340987",
    "C: I'm a gold member and my lamp arrived broken. I want to return the lamp.",
)


def test_nothing_is_said_in_silence() -> None:
    assert extract([]) == []


def test_a_whole_story_is_understood() -> None:
    assert set(values(*STORY)) == {
        ("customer_name", "Ida Falk"),
        ("street_address", "9 Elm Court"),
        ("city", "Dayton"),
        ("state", "OH"),
        ("zip_code", "45402"),
        ("email", "ida.falk@example.org"),
        ("contact_channel", "email"),
        ("do_not_contact", "phone calls"),
        ("username", "ifalk7"),
        ("order_id", "5512340987"),
        ("member_level", "gold"),
        ("issue", "my lamp arrived broken"),
        ("intent", "return the lamp"),
    }


def test_nothing_comes_from_anyone_but_the_customer() -> None:
    others = [line for line in STORY if not line.startswith("C")]
    assert extract(turns(*others)) == []


def test_extraction_is_repeatable() -> None:
    said = turns(*STORY)
    assert extract(said) == extract(said)


def test_the_same_thing_said_twice_is_one_fact() -> None:
    assert len(facts("C: My order is 5512340987.", "C: order 5512340987!")) == 1


def test_topics_and_entities_are_given() -> None:
    [order] = facts("C: My order is 5512340987.")
    assert order.topics == ("order",)
    assert order.entities == ("5512340987",)


def test_every_sentence_of_the_catalogue_takes_its_value() -> None:
    for key, of in CATALOGUE.items():
        assert "{value}" in of.sentence, key
        assert of.sentence.endswith("."), key
        assert 0 < of.importance < 1, key


def test_a_free_key_is_allowed() -> None:
    assert spec("favourite_tea").kind == "fact"
    assert not spec("favourite_tea").single


def test_a_pasted_flood_is_read_to_its_limit_only() -> None:
    flood = "my " * 20_000 + "name is Ida Falk."
    assert facts(f"C: {flood}") == []
