import pytest

from tests.memory.extraction.dialogues import facts, values


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("My name is Jane Roe.", "Jane Roe"),
        ("Hi, this is Tom Baker from Acme.", "Tom Baker"),
        ("I'm Sarah and I can't find my invoice", "Sarah"),
        ("hello i'm tom and my parcel is late", "Tom"),
        ("Full name: Ana María Ortiz", "Ana María Ortiz"),
    ],
)
def test_a_customer_introduces_herself(line: str, name: str) -> None:
    assert ("customer_name", name) in values(f"C: {line}")


def test_a_bare_name_answers_the_question_for_it() -> None:
    found = facts("A: May I have your full name please?", "C: Ingrid Solberg")
    assert [(f.key, f.value, f.span) for f in found] == [
        ("customer_name", "Ingrid Solberg", "Ingrid Solberg")
    ]
    assert found[0].single
    assert found[0].text == "Is called Ingrid Solberg."


def test_a_bare_name_without_the_question_is_no_name() -> None:
    assert values("A: Anything else?", "C: Ingrid Solberg.") == []


@pytest.mark.parametrize(
    "reply", ["Sure, one moment", "Why do you need it?", "No thanks", "Great!"]
)
def test_a_reply_that_gives_no_name_is_no_name(reply: str) -> None:
    assert values("A: What is your name?", f"C: {reply}") == []


def test_the_name_stays_open_while_the_customer_talks_of_other_things() -> None:
    assert values(
        "A: May I ask your full name?", "C: Great! What do you need?", "C: Lena Brandt"
    ) == [("customer_name", "Lena Brandt")]


@pytest.mark.parametrize(
    "line",
    [
        "My name isn't important.",
        "The product name is Sunrise.",
        "I'm Ready to pay.",
        "The name of my brother is Paul.",
        'He said "my name is Rob Stone".',
    ],
)
def test_other_names_are_not_the_customers(line: str) -> None:
    assert "customer_name" not in dict(values(f"C: {line}"))


def test_a_shorter_form_of_the_known_name_adds_nothing() -> None:
    found = values("C: My name is Omar Haddad.", "A: Hello!", "C: This is Omar again.")
    assert found == [("customer_name", "Omar Haddad")]


def test_a_new_name_comes_after_the_old_one() -> None:
    found = values("C: My name is Eva Lind.", "C: My name is now Eva Berg.")
    assert [v for k, v in found if k == "customer_name"] == ["Eva Lind", "Eva Berg"]


@pytest.mark.parametrize(
    ("line", "username"),
    [
        ("Username: olind77", "olind77"),
        ("my username is olind_77", "olind_77"),
        ("I lost my number but my user name is olind77, sorry", "olind77"),
    ],
)
def test_user_names_are_read_behind_their_label(line: str, username: str) -> None:
    assert ("username", username) in values(f"C: {line}")


def test_several_answers_are_matched_by_their_shape() -> None:
    assert values(
        "A: May I have your username, email and order ID please?",
        "C: olind77 o.lind@example.org 5512340987",
    ) == [
        ("username", "olind77"),
        ("email", "o.lind@example.org"),
        ("order_id", "5512340987"),
    ]


def test_a_user_name_is_told_from_an_account_number_by_the_name() -> None:
    found = values(
        "A: Your full name or account ID?",
        "C: Otto Lindqvist",
        "C: olindqvist4",
    )
    assert found == [("customer_name", "Otto Lindqvist"), ("username", "olindqvist4")]


def test_curly_quotes_do_not_hide_a_name_and_the_span_keeps_them() -> None:
    found = facts("C: My name\u2019s Siobhan O\u2019Neill.")
    assert [(f.value, f.span) for f in found] == [
        ("Siobhan O'Neill", "Siobhan O\u2019Neill")
    ]


def test_a_surname_given_on_its_own_joins_the_first_name() -> None:
    found = facts("A: Your first name?", "C: Ida", "A: And the last name?", "C: Falk")
    assert [(f.value, f.span) for f in found] == [("Ida", "Ida"), ("Ida Falk", "Falk")]
