"""Dialogues about the customer herself, and about what nobody here can decide."""

import time

import pytest

from memory.llm.types import MemoryItem
from tests.memory.llm.dialogue import JAKUB, SOFIA, Dialogue, fact, message

pytestmark = pytest.mark.usefixtures("embedded")

HOME = "I have your address as 27 Hazel Street, 21145 Malmö."
NO_ANSWER = (
    "I do not have an answer to that. Shall I pass your question to a colleague?"
)


@pytest.mark.parametrize(
    "question",
    [
        "where do I live?",
        "what is my address",
        "whats my adress",
        "do you have my address",
        "and my address?",
        "which address do you have for me",
    ],
)
def test_where_she_lives_is_told_in_the_middle_of_an_order_thread(
    question: str,
) -> None:
    talk = Dialogue()
    talk.say("where is my lamp")
    talk.say("can I change the address")
    assert talk.say(question) == HOME


def test_a_move_told_just_now_is_the_address() -> None:
    talk = Dialogue()
    talk.say("where is my lamp")
    assert "7 Canal Walk" in talk.say("I moved again, to 7 Canal Walk, Antwerp")
    new = "I have your address as 7 Canal Walk, Antwerp."
    assert talk.say("what is my address?") == new
    assert "27 Hazel Street" in talk.say("where does my lamp go")


def test_of_two_moves_in_one_conversation_the_last_counts() -> None:
    talk = Dialogue()
    talk.say("I moved to 7 Canal Walk, Antwerp")
    talk.say("sorry, I moved to 9 Quay Road, Ghent")
    assert talk.say("where do i live") == "I have your address as 9 Quay Road, Ghent."


def test_a_new_city_alone_leaves_no_old_street() -> None:
    talk = Dialogue()
    talk.say("I moved to Antwerp")
    assert talk.say("where do i live") == "I have your address as Antwerp."


def test_a_city_that_stayed_belongs_to_the_new_street() -> None:
    memories = (
        fact("street_address", "18 Linden Row", "Lives at 18 Linden Row."),
        fact("city", "Ghent", "Lives in Ghent.", "2030-06-01T10:00:00+00:00"),
    )
    assert Dialogue(memories=memories).say("where do i live") == (
        "I have your address as 18 Linden Row, Ghent."
    )


@pytest.mark.parametrize(
    ("parts", "line"),
    [
        ({"city": "Bath", "zip_code": "BA1 1AA"}, "5 Elm Road, Bath BA1 1AA"),
        (
            {"city": "Austin", "state": "TX", "zip_code": "78701"},
            "5 Elm Road, Austin, TX 78701",
        ),
        ({}, "5 Elm Road"),
    ],
)
def test_an_address_is_written_as_its_country_does(
    parts: dict[str, str], line: str
) -> None:
    known = {"street_address": "5 Elm Road", **parts}
    memories = tuple(fact(key, value, f"{value}.") for key, value in known.items())
    text = Dialogue(memories=memories).say("what is my address")
    assert text == f"I have your address as {line}."


def test_an_email_that_changed_is_the_new_one() -> None:
    talk = Dialogue(memories=JAKUB)
    assert "jakub@example.org" in talk.say("what is my email")
    noted = talk.say("my email changed to jp@example.net")
    assert noted == "Thank you, noted: your email changed to jp@example.net."
    text = talk.say("whats my email?")
    assert text == "I have your e-mail address as jp@example.net."


def test_a_bare_email_is_acknowledged() -> None:
    talk = Dialogue(memories=JAKUB)
    talk.say("what is my email")
    assert talk.say("its jp@example.net now").startswith("Thank you, noted")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("my phone number is?", "I have your phone number as +447700900127."),
        ("whats my name", "I have your name as Sofia Lindgren."),
        ("who am i", "I have your name as Sofia Lindgren."),
        (
            "what is my email",
            "I do not have your e-mail address yet. If you send it to me, I have it.",
        ),
        (
            "what was my old address",
            "I only have your current address, which is 27 Hazel Street, 21145 Malmö.",
        ),
        (
            "how do you contact me?",
            "I have nothing noted about that. How would you like to be contacted?",
        ),
    ],
)
def test_what_is_asked_about_her_is_told(question: str, expected: str) -> None:
    talk = Dialogue()
    talk.say("where is the desk")
    assert talk.say(question) == expected


def test_how_she_wants_to_be_contacted_is_the_latest_wish() -> None:
    memories = (
        MemoryItem(
            "preference", "contact_channel", "Prefers chat.", "chat", "2030-01-01"
        ),
        MemoryItem(
            "preference",
            "do_not_contact",
            "Does not want phone calls.",
            "phone calls",
            "2030-01-01",
        ),
    )
    talk = Dialogue(memories=memories)
    text = talk.say("how should you contact me")
    assert text == "I have noted that you prefer chat and you do not want phone calls."
    talk.say("i prefer sms now")
    assert "text message" in talk.say("how do i want to be contacted?")
    assert "chat" not in talk.say("how do i want to be contacted?")


def test_what_is_known_is_a_short_list_of_what_is_current() -> None:
    talk = Dialogue()
    talk.say("I moved to 7 Canal Walk, Antwerp")
    text = talk.say("what do you know about me?")
    assert "your address is 7 Canal Walk, Antwerp" in text
    assert "Hazel" not in text
    assert "your orders are LF-20412, LF-20350 and LF-20287" in text
    assert "you prefer oak" in text
    assert len(text) < 400


def test_a_stranger_is_told_that_nothing_is_known() -> None:
    talk = Dialogue(memories=(), name="")
    assert talk.say("do you remember me") == "I have nothing noted about you yet."
    assert talk.say("what orders do i have").startswith("I know of no order of yours")


def test_what_she_told_is_quoted_when_she_asks() -> None:
    talk = Dialogue()
    talk.say("where is the desk")
    assert "No lift, third floor" in talk.say("what did i tell you about the lift")
    assert "you prefer oak" in talk.say("do you remember what i said about oak")


def test_whose_words_an_old_message_holds_is_not_guessed() -> None:
    text = Dialogue().say("what did i tell you about the lift")
    assert text.startswith("From our conversation on 20 February 2031:")


def test_what_is_stated_word_by_word_goes_before_what_only_mentions_it() -> None:
    memories = (
        message("For the future, please put the VAT number on every invoice."),
        message("Which company name and VAT number should it show?"),
        message("The company is Becker Joinery and our VAT number is DE999999999."),
    )
    text = Dialogue(memories=memories).say("what is our vat number")
    assert "DE999999999" in text


@pytest.mark.parametrize(
    "question",
    [
        "can you give me a discount on a new chair?",
        "can i have 10% off my next order",
        "do i get a little something for my third order?",
        "could you price match this lamp?",
    ],
)
def test_prices_and_discounts_are_for_a_colleague(question: str) -> None:
    talk = Dialogue()
    talk.say("where is the chair")
    assert talk.say(question) == (
        "I cannot decide on prices, discounts or exceptions."
        " Shall I pass your question to a colleague?"
    )
    talk.say("yes")
    assert talk.handed_over


@pytest.mark.parametrize(
    "question",
    [
        "are you open on sunday",
        "do you have it in white?",
        "how long is the warranty",
        "where are you located",
        "whats your return policy",
        "why is everything so slow",
    ],
)
def test_what_is_not_known_is_no_occasion_to_quote(question: str) -> None:
    talk = Dialogue()
    talk.say("where is the chair")
    assert talk.say(question) == NO_ANSWER


def test_a_refund_tells_what_is_on_file() -> None:
    issue = MemoryItem(
        "issue",
        "issue",
        "Reported: their refund of 84 euros hasn't arrived.",
        "their refund of 84 euros hasn't arrived",
        "2031-02-25",
    )
    talk = Dialogue(memories=(issue, *JAKUB))
    text = talk.say("wheres my refund??")
    assert "You reported on 25 February 2031: your refund of 84 euros" in text
    assert text.endswith("Shall I pass this to a colleague?")
    assert "colleague" in talk.say("i want my money back")


def test_erasing_data_is_passed_on_without_asking_for_an_order() -> None:
    assert Dialogue().say("please delete all my data") == (
        "I cannot do that myself, but a colleague can."
        " Shall I pass this to a colleague?"
    )


@pytest.mark.parametrize(
    "text",
    [
        "I need an agent for real estate insurance",
        "can you find me a real estate agent",
        "can i talk to you about my order",
        "let me speak to my husband first",
        "I will speak to John about it",
    ],
)
def test_other_people_are_no_wish_for_a_colleague(text: str) -> None:
    talk = Dialogue()
    talk.say(text)
    assert not talk.handed_over


@pytest.mark.parametrize(
    "text",
    ["Can I speak to Ines?", "speak to Jonas please", "I need an agent for this"],
)
def test_a_wish_for_one_of_us_is_one_for_a_colleague(text: str) -> None:
    talk = Dialogue()
    talk.say(text)
    assert talk.handed_over


def test_an_ok_to_who_we_are_hands_nothing_over() -> None:
    talk = Dialogue()
    talk.say("are you a bot")
    talk.say("ok")
    assert not talk.handed_over


def test_a_reply_is_quick_once_its_memories_are_embedded() -> None:
    questions = ["what did i tell you about the lift", "where is my lamp", "hm"]
    for question in questions:
        Dialogue().say(question)
    started = time.process_time()
    for question in questions:
        Dialogue(memories=SOFIA).say(question)
    assert (time.process_time() - started) / len(questions) < 0.08
