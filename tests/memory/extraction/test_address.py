import pytest

from tests.memory.extraction.dialogues import facts, values


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (
            "55 Market Street Apt 4B, San Francisco, CA 94103",
            {
                "street_address": "55 Market Street Apt 4B",
                "city": "San Francisco",
                "state": "CA",
                "zip_code": "94103",
            },
        ),
        (
            "2311 3rd Ave  Santa Rosa, NY 60315",
            {
                "street_address": "2311 3rd Ave",
                "city": "Santa Rosa",
                "state": "NY",
                "zip_code": "60315",
            },
        ),
        (
            "9 Elm Court Dayton, OH 45402",
            {"street_address": "9 Elm Court", "city": "Dayton", "state": "OH"},
        ),
        (
            "18 Linden Row, Ghent, Belgium",
            {"street_address": "18 Linden Row", "city": "Ghent", "country": "Belgium"},
        ),
        (
            "221B Baker Street, London NW1 6XE",
            {
                "street_address": "221B Baker Street",
                "city": "London",
                "zip_code": "NW1 6XE",
            },
        ),
        (
            "4455 Circle Drive, Brighton, CA 92145 please",
            {"street_address": "4455 Circle Drive", "city": "Brighton", "state": "CA"},
        ),
        (
            "Kerkstraat 12, 9000 Gent",
            {"street_address": "Kerkstraat 12", "city": "Gent", "zip_code": "9000"},
        ),
        (
            "12 Rue de Rivoli, Paris, France",
            {
                "street_address": "12 Rue de Rivoli",
                "city": "Paris",
                "country": "France",
            },
        ),
    ],
)
def test_an_address_is_taken_apart(line: str, parts: dict[str, str]) -> None:
    found = dict(values("A: What is your shipping address?", f"C: {line}"))
    assert {key: found.get(key) for key in parts} == parts


def test_a_correction_gives_the_new_address_last() -> None:
    found = facts(
        "C: I live at 4 Mill Lane, York.",
        "C: Actually my new address is 18 Linden Row, Ghent.",
    )
    streets = [f for f in found if f.key == "street_address"]
    assert [f.value for f in streets] == ["4 Mill Lane", "18 Linden Row"]
    assert all(f.single for f in streets)
    assert streets[-1].text == "Lives at 18 Linden Row."


@pytest.mark.parametrize(
    ("line", "city"),
    [
        ("I moved to Berlin", "Berlin"),
        ("We've just moved from Rome to Milan.", "Milan"),
        ("I live in New York now", "New York"),
        ("I used to live in Rome but now I live in Milan.", "Milan"),
        ("i moved to lisbon", "lisbon"),
        ("I'm based in Porto", "Porto"),
    ],
)
def test_a_home_town_is_the_one_lived_in_now(line: str, city: str) -> None:
    assert [v for k, v in values(f"C: {line}") if k == "city"] == [city]


@pytest.mark.parametrize(
    "line",
    [
        "My brother lives in Berlin.",
        "My sister moved to 9 Elm Court, Dayton.",
        "If I moved to Berlin, what would change?",
        "Suppose I lived at 9 Elm Court, Dayton.",
        "What if I moved to Berlin?",
        "I might move to Berlin.",
        "Do you ship to Berlin?",
        "I'm moving to Lisbon next month.",
        "Is your store at 9 Elm Court, Dayton?",
        "It was delivered to 99 Oak Avenue by mistake",
        "She said she lives in Berlin.",
    ],
)
def test_where_the_customer_does_not_live_is_not_taken(line: str) -> None:
    keys = {key for key, _ in values(f"C: {line}")}
    assert not keys & {"city", "street_address", "country"}


def test_a_relative_gets_a_key_of_his_own() -> None:
    found = facts("C: My brother lives in Berlin.")
    assert [(f.key, f.text) for f in found] == [
        ("brother_lives", "Has a brother who lives in Berlin.")
    ]


def test_a_home_left_behind_is_closed() -> None:
    found = facts("C: I don't live in Boston anymore, I live in Denver, Colorado")
    assert ("city", "Boston", "end") in {(f.key, f.value, f.polarity) for f in found}
    assert ("city", "Denver", "assert") in {(f.key, f.value, f.polarity) for f in found}


def test_a_postal_code_answers_its_question() -> None:
    assert values("A: And your zip code?", "C: 45402") == [("zip_code", "45402")]


def test_a_joke_is_doubted() -> None:
    found = facts("C: just kidding, I live in Antarctica lol")
    assert all(f.confidence < 0.5 for f in found)


def test_a_country_may_be_lived_in() -> None:
    assert values("C: I live in the UK.") == [("country", "the UK")]
    assert values("C: We moved to Portugal") == [("country", "Portugal")]
