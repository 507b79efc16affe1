"""Multi-turn dialogues about orders: the assistant stays with the right one."""

import pytest

from tests.memory.llm.dialogue import JAKUB, Dialogue, message, order

pytestmark = pytest.mark.usefixtures("embedded")

COLLEAGUE = "Shall I pass this to a colleague?"


def test_the_order_just_talked_of_stays_the_one_meant() -> None:
    talk = Dialogue()
    assert "order LF-20412" in talk.say("where is my lamp")
    assert talk.say("when will it arrive") == "It should arrive on 22 March 2031."
    assert "the address of order LF-20412 can" in talk.say("can I change the address")
    assert talk.looked_up == ["LF-20412"]


def test_an_older_order_stays_the_one_meant_as_well() -> None:
    talk = Dialogue()
    talk.say("where is my desk")
    assert talk.say("when will it arrive") == "It should arrive on 11 March 2031."
    assert "address of order LF-20287" in talk.say("can I change the address")
    assert talk.looked_up == ["LF-20287"]


def test_a_product_word_turns_to_another_order_and_back() -> None:
    talk = Dialogue()
    talk.say("wheres my lamp?")
    assert "order LF-20350" in talk.say("and the chair?")
    assert "order LF-20412" in talk.say("no the other one")
    assert "order LF-20287" in talk.say("what about the desk")
    assert "22 March" in talk.say("and when does the lamp come")


def test_what_was_asked_is_asked_of_the_next_order_too() -> None:
    talk = Dialogue()
    assert "149.00" in talk.say("how much was the lamp?")
    assert talk.say("and for the desk?") == "Order LF-20287 came to 149.00 EUR."


def test_an_answer_about_another_order_names_it() -> None:
    talk = Dialogue()
    talk.say("when will the lamp arrive?")
    assert talk.say("and the chair?") == (
        "Your Fern chair (order LF-20350): it should arrive on 16 March 2031."
    )


def test_a_mistyped_product_is_understood() -> None:
    assert "order LF-20350" in Dialogue().say("where is my chiar")


def test_thanks_between_questions_lose_nothing() -> None:
    talk = Dialogue()
    talk.say("where is my lamp")
    assert talk.say("ok thanks") == "All right. Is there anything else?"
    assert "order LF-20412" in talk.say("is it there already")


def test_thanks_with_a_question_is_a_question() -> None:
    talk = Dialogue()
    talk.say("where is my lamp")
    assert "11 March" in talk.say("thanks, and when does the desk come")


def test_a_number_without_its_letters_is_enough() -> None:
    talk = Dialogue()
    assert "order LF-20287" in talk.say("where is 20287")
    assert "order LF-20350" in talk.say("and lf20350?")


def test_two_orders_asked_at_once_are_both_answered() -> None:
    text = Dialogue().say("what is the status of LF-20412 and LF-20350")
    assert "LF-20412" in text
    assert "LF-20350" in text


def test_a_first_question_without_a_name_tells_which_order_it_answers() -> None:
    assert "order LF-20412" in Dialogue().say("is it there already")
    assert "order LF-20412" in Dialogue().say("when will my parcel arrive")


def test_products_that_memory_does_not_know_are_found_by_looking() -> None:
    bare = tuple(item for item in Dialogue().memories if item.kind == "fact")
    talk = Dialogue(memories=bare)
    assert "Fern chair (order LF-20350)" in talk.say("where is my chair")
    assert "order LF-20287" in talk.say("and the desk?")
    assert sorted(talk.looked_up) == ["LF-20287", "LF-20350", "LF-20412"]


def test_a_product_that_was_never_ordered_is_not_answered_by_another() -> None:
    text = Dialogue().say("where is my toaster")
    assert text.startswith("I do not see “toaster”")
    assert "LF-20412, LF-20350 and LF-20287" in text


def test_the_other_one_of_three_is_asked_for() -> None:
    talk = Dialogue()
    talk.say("where is LF-20412")
    assert talk.say("no the other one") == (
        "Which order do you mean: LF-20350 or LF-20287?"
    )
    assert "order LF-20287" in talk.say("the desk")


def test_all_orders_are_listed_newest_first_and_one_is_picked() -> None:
    talk = Dialogue()
    assert "LF-20412, LF-20350 and LF-20287" in talk.say("what orders do I have?")
    assert "order LF-20350" in talk.say("the second one")


@pytest.mark.parametrize(
    "text",
    ["list my orders", "which orders have we placed", "what have i bought so far"],
)
def test_orders_are_listed_however_one_asks(text: str) -> None:
    assert "LF-20412, LF-20350 and LF-20287" in Dialogue().say(text)


def test_an_unknown_number_is_asked_for_once_then_a_colleague_is_offered() -> None:
    talk = Dialogue(memories=())
    assert talk.say("where are my lights").startswith("Which order is it about?")
    assert "Shall I pass this to a colleague?" in talk.say("where is my parcel then")


def test_a_number_sent_when_asked_is_looked_up_for_what_was_asked() -> None:
    talk = Dialogue(memories=())
    talk.say("when does my lamp come")
    assert talk.say("its LF-20412") == "It should arrive on 22 March 2031."
    assert "order LF-20412" in talk.say("can i change the address")


def test_a_wrong_number_can_be_put_right() -> None:
    talk = Dialogue(memories=())
    assert "could not find order LF-99999" in talk.say("where is LF-99999")
    assert "order LF-20412" in talk.say("sorry LF-20412")


def test_a_postcode_a_phone_and_a_tracking_number_are_no_orders() -> None:
    memories = (
        *JAKUB,
        message("My order came to 9 Tanner Street, 21145 Malmö, call +44 7700 900127."),
        message("It goes with Parcelway, tracking number PW-73320377."),
    )
    text = Dialogue(memories=memories).say("what orders do i have")
    assert text.startswith("I know of one order of yours: LF-18455.")


def test_a_tracking_number_of_ours_is_not_talked_of_as_an_order() -> None:
    talk = Dialogue()
    assert "NLX-4411-0287" in talk.say("which carrier brings the desk")
    assert talk.say("when?") == "It should arrive on 11 March 2031."


def test_where_an_order_goes_is_told_without_an_offer_to_change_it() -> None:
    talk = Dialogue()
    talk.say("where is the lamp")
    assert talk.say("what address is it going to?") == (
        "Your Linden floor lamp (order LF-20412) goes to 27 Hazel Street, 21145 Malmö."
    )
    assert "can still be changed" in talk.say("can i still change it?")


def test_a_new_address_for_an_order_is_taken_but_not_said_to_be_changed() -> None:
    talk = Dialogue()
    talk.say("can I change the address of the lamp?")
    text = talk.say("to 7 Canal Walk, Antwerp")
    assert "for order LF-20412: 7 Canal Walk, Antwerp" in text
    assert "I cannot change an order myself" in text
    assert "colleague" in talk.say("yes please")
    assert talk.handed_over


def test_an_order_that_left_cannot_be_redirected() -> None:
    text = Dialogue().say("can i still change the address of the desk")
    assert "LF-20287 can no longer be changed" in text


def test_a_cancellation_is_never_claimed() -> None:
    talk = Dialogue()
    talk.say("where is the chair")
    text = talk.say("cancel it please")
    assert "order LF-20350" in text
    assert "I cannot cancel, return or refund an order myself" in text
    assert talk.say("no") == "All right. Is there anything else?"


def test_a_return_tells_what_is_on_file_and_offers_a_colleague() -> None:
    text = Dialogue().say("i dont like the chair anymore can i send it back")
    assert "order LF-20350" in text
    assert text.endswith(COLLEAGUE)


def test_a_complaint_leads_to_the_order_and_a_colleague() -> None:
    talk = Dialogue()
    text = talk.say("it arrived broken!!")
    assert text.startswith("I am sorry to hear that.")
    assert "Which order or product is it about?" in text
    assert talk.say("the chair").endswith(COLLEAGUE)
    talk.say("yes")
    assert talk.handed_over


def test_a_complaint_in_the_middle_of_a_thread_keeps_its_order() -> None:
    talk = Dialogue()
    talk.say("where is the desk")
    assert "Is it about order LF-20287?" in talk.say("thats ridiculous, its so late")
    assert "Is it about order LF-20350?" in talk.say("my chair has a scratch")


def test_what_never_arrived_but_counts_as_delivered_goes_to_a_colleague() -> None:
    text = Dialogue(memories=JAKUB).say("my monitor never arrived")
    assert "was delivered on 2 November 2030" in text
    assert text.endswith(COLLEAGUE)


def test_messages_sent_in_a_row_are_answered_together() -> None:
    talk = Dialogue()
    talk._hear("customer", "where is my lamp")
    assert "order LF-20412" in talk.say("hello?")


def test_who_asks_for_help_with_an_order_is_asked_which() -> None:
    assert (
        Dialogue().say("I need help with my order").endswith("Which one is it about?")
    )


def test_of_two_alike_the_one_talked_of_is_meant() -> None:
    shop = {
        "LF-19641": order(
            "LF-19641", "Hutch 7 dock", "delivered", delivered_on="2031-02-03"
        ),
        "LF-19642": order(
            "LF-19642", "Hutch 7 Pro dock", "delivered", delivered_on="2031-02-09"
        ),
    }
    orders = tuple(message(f"My order {number}.") for number in shop)
    talk = Dialogue(memories=orders, shop=shop)
    assert "LF-19642" in talk.say("where's the dock")
    assert "LF-19641" in talk.say("the other one")
    assert "3 February" in talk.say("when was the dock delivered?")
