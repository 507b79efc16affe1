"""The scorer of `make bench-facts` counts what it says it counts."""

from tests.benchmarks.facts import score, table

SAID = "I'm Ida Falk, 977-625-2661, 9 Elm Court."
TALKS = [{"id": "c1", "messages": [{"content": SAID}]}]
GOLD = [
    {
        "conversation": "c1",
        "gold": [
            {"key": "name", "value": "ida falk"},
            {"key": "phone_number", "value": "(977) 625-2661"},
            {"key": "city", "value": "Dayton"},
            {"key": "pet", "value": "9 elm court"},
        ],
        "secrets": ["hunter22"],
    }
]


def fact(key: str, value: str) -> dict[str, str]:
    return {"conversation": "c1", "key": key, "value": value, "text": f"It is {value}."}


def test_a_slot_is_right_by_key_and_value() -> None:
    found = [fact("customer_name", "Ida Falk"), fact("phone", "977 625 2661")]
    it = score(GOLD, [*found, *found], TALKS)
    assert (it.facts, it.total.by_key, it.total.wrong) == (2, 2, 0)
    assert it.slots["customer_name"].f1 == 1.0
    assert (it.total.precision, it.total.recall) == (1.0, 0.5)


def test_a_wrong_value_under_an_asked_key_counts_against_precision() -> None:
    it = score(GOLD, [fact("city", "Elm"), fact("likes", "Elm")], TALKS)
    assert it.slots["city"].wrong == 1
    assert it.total.wrong == 1


def test_a_value_is_found_under_any_key() -> None:
    it = score(GOLD, [fact("street_address", "9 Elm Court")], TALKS)
    assert (it.slots["pet"].by_key, it.slots["pet"].by_value) == (0, 1)


def test_what_nobody_said_is_ungrounded_and_secrets_are_counted() -> None:
    it = score(GOLD, [fact("city", "Ghent"), fact("likes", "hunter 22")], TALKS)
    assert (it.ungrounded, it.secrets) == (2, 1)
    assert "secrets stored 1" in table(it)
