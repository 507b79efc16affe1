"""Dialogues with the embedded assistant."""

import json
from typing import Any

import pytest

from memory.llm.assistant import reply
from memory.llm.tokens import count_message_tokens, count_tokens
from memory.llm.types import (
    ChatMessage,
    Done,
    HandOver,
    MemoryItem,
    ReplyRequest,
    StreamPart,
    TextDelta,
    ToolCall,
    ToolCalls,
    ToolSpec,
)

pytestmark = pytest.mark.usefixtures("embedded")

LOOK_UP = ToolSpec(
    "look_up_order",
    "Find an order by its number.",
    {
        "type": "object",
        "properties": {"number": {"type": "string"}},
        "required": ["number"],
    },
)
NO_ANSWER = (
    "I do not have an answer to that. Shall I pass your question to a colleague?"
)
ORDER = {
    "number": "LF-20418",
    "status": "in transit",
    "items": [{"name": "Fox 14 laptop", "quantity": 1, "price": "1349.00"}],
    "total": "1349.00",
    "currency": "EUR",
    "carrier": "Northline Express",
    "tracking": "NLX-4411-0418",
    "last_event": "At the regional hub",
    "expected_on": "2031-03-14",
    "delivered_on": None,
    "delivery_address": "18 Linden Row, Ghent",
    "address_changeable": True,
}
MEMORIES = (
    MemoryItem(
        "fact",
        "street_address",
        "Lives at 18 Linden Row.",
        "18 Linden Row",
        "2031-02-01",
    ),
    MemoryItem("fact", "city", "Lives in Ghent.", "Ghent", "2031-02-01"),
    MemoryItem("fact", "order_id", "Order LF-18803.", "LF-18803", "2030-06-01"),
    MemoryItem("fact", "order_id", "Order LF-20418.", "LF-20418", "2031-03-08"),
    MemoryItem(
        "preference",
        "contact_time",
        "Prefers delivery after 17:00.",
        "after 17:00",
        "2030-07-02",
    ),
    MemoryItem(
        "message",
        "",
        "Customer: The monitor of order LF-18803 flickers when it is cold.",
        "",
        "2030-11-03T10:00:00+00:00",
    ),
    MemoryItem(
        "episode",
        "",
        "Customer: My invoice shows the wrong VAT number. Agent: We will send a"
        " corrected invoice by e-mail.",
        "",
        "2030-12-05",
    ),
)


def user(text: str) -> ChatMessage:
    return ChatMessage("user", text)


def said(text: str) -> ChatMessage:
    return ChatMessage("assistant", text)


def looked_up(result: Any, number: str = "LF-20418") -> tuple[ChatMessage, ...]:
    call = ToolCall("c1", "look_up_order", {"number": number})
    return (
        ChatMessage("assistant", "", tool_calls=(call,)),
        ChatMessage("tool", json.dumps(result), tool_call_id="c1"),
    )


def parts_of(
    *messages: ChatMessage,
    memories: tuple[MemoryItem, ...] = MEMORIES,
    tools: tuple[ToolSpec, ...] = (LOOK_UP,),
) -> list[StreamPart]:
    request = ReplyRequest(
        messages=messages, tools=tools, memories=memories, customer_name="Elena Marsh"
    )
    return list(reply(request))


def answer(*messages: ChatMessage, **options: Any) -> str:
    parts = parts_of(*messages, **options)
    assert not any(isinstance(part, ToolCalls) for part in parts)
    return "".join(part.text for part in parts if isinstance(part, TextDelta))


def called(*messages: ChatMessage, **options: Any) -> dict[str, Any]:
    calls = [
        part for part in parts_of(*messages, **options) if isinstance(part, ToolCalls)
    ]
    assert len(calls) == 1
    return dict(calls[0].calls[0].arguments)


@pytest.mark.parametrize(
    "text",
    [
        "Can I talk to a human please?",
        "I want to speak with someone from your support team",
        "agent",
        "Please connect me to a real person.",
        "get me your manager",
        "is there anybody real there?",
    ],
)
def test_who_asks_for_a_person_is_handed_over(text: str) -> None:
    parts = parts_of(user(text))
    assert HandOver("customer asked for a person") in parts
    assert isinstance(parts[0], TextDelta)


@pytest.mark.parametrize(
    "text",
    [
        "The agent told me yesterday that it was sent.",
        "I don't want to talk to a person, just tell me the status.",
        "Does the agent know my address?",
        "I need help with my order",
        "Can you send this to my agent's office?",
    ],
)
def test_who_only_speaks_of_a_person_is_not_handed_over(text: str) -> None:
    assert not any(isinstance(part, HandOver) for part in parts_of(user(text)))


def test_a_yes_to_our_offer_hands_over() -> None:
    parts = parts_of(
        user("What do you pay your staff?"),
        said(NO_ANSWER),
        user("yes please"),
    )
    assert HandOver("customer accepted a person") in parts


def test_the_latest_order_is_looked_up_when_none_is_named() -> None:
    assert called(user("Where is my laptop?")) == {"number": "LF-20418"}


def test_the_order_that_is_named_is_looked_up() -> None:
    assert called(user("when will order LF-18803 arrive?")) == {"number": "LF-18803"}


def test_the_order_that_fits_the_words_is_looked_up() -> None:
    assert called(user("Has my monitor been shipped?")) == {"number": "LF-18803"}


def test_an_integer_parameter_gets_an_integer() -> None:
    schema = {
        "properties": {"order_id": {"type": "integer"}, "email": {"type": "string"}},
        "required": ["order_id", "email"],
    }
    tool = ToolSpec("find", "", schema)
    email = MemoryItem("fact", "email", "…", "e@example.org")
    asked = user("Where is order 118200?")
    found = called(asked, tools=(tool,), memories=(email,))
    assert found == {"order_id": 118200, "email": "e@example.org"}
    text = answer(asked, tools=(tool,), memories=())
    assert text == "To look up order 118200 I also need your email."


def test_an_unknown_order_number_is_asked_for_and_then_used() -> None:
    first = user("When will my parcel arrive?")
    asked = answer(first, memories=())
    assert asked == "Which order is it about? Please send me the order number."
    assert called(first, said(asked), user("1182"), memories=()) == {"number": "1182"}
    told = answer(
        first,
        said(asked),
        user("1182"),
        *looked_up({**ORDER, "number": "1182"}, "1182"),
        memories=(),
    )
    assert told == "It should arrive on 14 March 2031."


def test_one_look_up_answers_three_questions_each_with_just_its_answer() -> None:
    chat = [user("Where is my laptop?"), *looked_up(ORDER)]
    where = answer(*chat)
    assert where == (
        "Your Fox 14 laptop (order LF-20418) is on its way with Northline Express."
        " Latest entry: at the regional hub."
    )
    chat += [said(where), user("when will it arrive")]
    when = answer(*chat)
    assert when == "It should arrive on 14 March 2031."
    chat += [said(when), user("Can I change the address?")]
    assert answer(*chat) == (
        "Yes, the address of order LF-20418 can still be changed. It is addressed to"
        " 18 Linden Row, Ghent. Which address should it be?"
    )


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Can I change the address of my order?", "can no longer be changed"),
        ("what's in my order?", "Order LF-20418 holds Fox 14 laptop."),
        ("how much was my order", "came to 1349.00 EUR"),
        ("Do you have a tracking number for my order?", "NLX-4411-0418"),
        ("I want to cancel my order", "Shall I pass this to a colleague?"),
    ],
)
def test_other_questions_about_an_order(question: str, expected: str) -> None:
    result = {**ORDER, "address_changeable": False}
    assert expected in answer(user(question), *looked_up(result))


def test_a_delivered_order_is_said_to_be_delivered() -> None:
    result = {**ORDER, "status": "delivered", "delivered_on": "2031-03-10"}
    text = answer(user("where is my order and when will it arrive"), *looked_up(result))
    assert "was delivered on 10 March 2031" in text
    assert "should arrive" not in text


def test_an_order_without_a_date_is_not_given_one() -> None:
    asked = user("When will it arrive?")
    text = answer(asked, *looked_up({"number": "LF-20418"}), memories=())
    assert text == "I do not see a delivery date for it yet."


def test_an_unknown_order_is_not_invented() -> None:
    result = {"error": "There is no order LF-99999."}
    asked = user("Where is order LF-99999?")
    text = answer(asked, *looked_up(result, "LF-99999"))
    assert text == "I could not find order LF-99999. Could you check the number?"


def test_a_failed_look_up_is_admitted() -> None:
    text = answer(user("Where is order LF-20418?"), *looked_up({"error": "timeout"}))
    assert text.startswith("I could not look up order LF-20418 just now.")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Do you know my address?", "I have your address as 18 Linden Row, Ghent."),
        ("what's my name?", "I have your name as Elena Marsh."),
        ("What is my order number?", "LF-20418 and LF-18803"),
        ("do you have my phone number", "I do not have your phone number yet."),
        (
            "When did I want my deliveries?",
            "You told us on 2 July 2030 that you prefer delivery after 17:00.",
        ),
        (
            "What did I say about the flickering monitor?",
            "You wrote on 3 November 2030: “The monitor of order LF-18803 flickers",
        ),
        (
            "What did you promise me about the invoice?",
            "we wrote “We will send a corrected invoice by e-mail",
        ),
    ],
)
def test_what_is_remembered_is_said_to_the_customer(
    question: str, expected: str
) -> None:
    assert expected in answer(user(question))


def test_what_is_not_remembered_is_not_invented() -> None:
    text = answer(user("Do you remember what I said about my dentist?"))
    assert text.startswith("I have nothing noted about that.")
    assert answer(user("what do you know about me"), memories=()) == (
        "I have nothing noted about you yet."
    )


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("I moved to Berlin", "Thank you, noted: you moved to Berlin."),
        (
            "Hi, my new email is e.marsh@example.org",
            "Thank you, noted: your new email is e.marsh@example.org.",
        ),
        ("I\u2019m allergic to wool", "Thank you, noted: you are allergic to wool."),
        ("Call me Lena", "Thank you, noted: you want to be called Lena."),
    ],
)
def test_news_is_acknowledged_precisely(told: str, expected: str) -> None:
    assert answer(user(told), memories=()) == expected


def test_a_move_does_not_redirect_an_order() -> None:
    assert "does not change the address of an order" in answer(
        user("I moved to Berlin")
    )


def test_a_complaint_is_understood_and_led_on() -> None:
    text = answer(user("My lamp arrived broken"), memories=())
    assert text.startswith(
        "I am sorry to hear that. I understand that your lamp arrived broken."
    )
    assert text.count("?") == 1


def test_a_refund_is_not_claimed_to_be_made() -> None:
    text = answer(user("Please refund my last invoice"))
    assert text.startswith("I cannot do that myself")


def test_a_greeting_names_the_customer_and_the_open_issue() -> None:
    assert answer(user("Hello")) == "Hello Elena. What can I do for you?"
    issue = MemoryItem("issue", "issue", "Reported: the dock does not charge.")
    assert answer(user("Good morning!"), memories=(issue,)) == (
        "Hello Elena. Last time you reported: the dock does not charge."
        " Is it about that?"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Thanks a lot", "You are welcome, Elena."),
        ("ok bye", "Goodbye, Elena."),
        ("no thanks", "All right. Is there anything else?"),
    ],
)
def test_small_talk_is_short(text: str, expected: str) -> None:
    assert answer(user(text)) == expected


def test_a_card_number_is_turned_away_and_not_repeated() -> None:
    text = answer(user("Please use my card 4111 1111 1111 1111"))
    assert text.startswith("Please do not send card numbers")
    assert "4111" not in text


def test_a_fitting_memory_is_offered() -> None:
    text = answer(user("the screen flickers in cold weather"), tools=())
    assert "flickers when it is cold" in text
    assert text.endswith("Is that what you mean?")


@pytest.mark.parametrize(
    "text", ["What are your opening hours?", "Can you recommend a good pizza place?"]
)
def test_what_cannot_be_answered_is_admitted(text: str) -> None:
    assert answer(user(text)) == NO_ANSWER


def test_text_comes_in_words_and_its_tokens_are_exact() -> None:
    messages = (ChatMessage("system", "You help."), user("Hello"))
    parts = parts_of(*messages)
    words = [part.text for part in parts if isinstance(part, TextDelta)]
    done = parts[-1]
    assert len(words) == 8
    assert isinstance(done, Done)
    assert done.usage.prompt_tokens == count_message_tokens(messages)
    assert done.usage.completion_tokens == count_tokens("".join(words))


def test_no_answer_shouts() -> None:
    texts = ["Hello", "thanks", "Where is my order?", "I moved", "What?", "broken"]
    for text in texts:
        assert "!" not in answer(user(text), *looked_up(ORDER))


@pytest.mark.parametrize(
    "text",
    ["It still hasn't arrived", "My package is late!", "when was my last order?"],
)
def test_what_only_the_shop_knows_is_looked_up(text: str) -> None:
    assert called(user(text)) == {"number": "LF-20418"}


def test_when_it_was_ordered_is_not_when_it_comes() -> None:
    result = {**ORDER, "placed_on": "2031-03-08"}
    text = answer(user("When did I order my laptop?"), *looked_up(result))
    assert text == "You placed order LF-20418 on 8 March 2031."


def test_money_is_no_parcel() -> None:
    issue = MemoryItem("issue", "issue", "Reported: the refund has not arrived.")
    text = answer(user("When do I get my money back?"), memories=(*MEMORIES, issue))
    assert text == (
        "You reported: the refund has not arrived. I cannot see payments."
        " Shall I pass this to a colleague?"
    )


def test_a_wish_to_return_looks_up_the_order_that_fits_its_words() -> None:
    wish = user("I want to return the monitor")
    assert called(wish) == {"number": "LF-18803"}
    result = {**ORDER, "number": "LF-18803", "status": "delivered"}
    text = answer(wish, *looked_up(result, "LF-18803"))
    assert "cannot cancel, return or refund an order myself" in text


def test_a_month_in_the_question_finds_what_was_said_then() -> None:
    text = answer(user("What did we agree on in December?"))
    assert text.startswith("In our conversation on 5 December 2030:")


def test_it_says_that_it_is_automatic() -> None:
    request = ReplyRequest(messages=(user("Are you a bot?"),), desk_name="Linden & Fox")
    first = next(iter(reply(request)))
    assert isinstance(first, TextDelta)
    text = answer(user("who are you?"))
    assert text.startswith("I am the automatic assistant")


@pytest.mark.parametrize(
    ("reaction", "expected"),
    [
        ("yes", "Thank you. Shall I pass it to a colleague?"),
        ("no", "All right. What is it about, then?"),
    ],
)
def test_a_question_of_ours_is_followed_up(reaction: str, expected: str) -> None:
    greeting = "Hello Elena. Last time you reported: a crack. Is it about that?"
    assert answer(user("Hi"), said(greeting), user(reaction)) == expected
