"""The embedded summariser on support conversations."""

import pytest

from memory.llm.summary import summarise
from memory.llm.tokens import clip_to_tokens, count_tokens

pytestmark = pytest.mark.usefixtures("embedded")

TURNS = [
    ("Customer", "Hello there! My lamp from order LF-1182 arrived broken."),
    ("Agent", "Oh no, I am sorry. Could you tell me your membership level?"),
    ("Customer", "Gold"),
    ("Agent", "Thank you. One moment please."),
    ("Agent", "I will refund €84 to your account by Friday."),
    ("Customer", "My card is 4111 1111 1111 1111 and my password is hunter22."),
    ("Customer", "Thanks!"),
]


def long_conversation() -> list[tuple[str, str]]:
    return [
        ("Customer", f"On day {day} the router number {day} lost its connection again.")
        if day % 2
        else ("Agent", f"Please restart router number {day} and wait ten minutes.")
        for day in range(1, 80)
    ]


def test_a_summary_quotes_who_said_what_in_order() -> None:
    assert summarise(TURNS) == (
        "Customer: My lamp from order LF-1182 arrived broken. (membership level) Gold."
        " Agent: I will refund €84 to your account by Friday."
    )


@pytest.mark.parametrize("limit", [5, 12, 40, 200])
def test_the_token_limit_holds_exactly(limit: int) -> None:
    text = summarise(long_conversation(), max_tokens=limit)
    assert 0 < count_tokens(text) <= limit


def test_a_tight_limit_keeps_problem_and_promise_rather_than_chatter() -> None:
    chatter = [("Customer", "The weather is nice in Ghent these days, is it not.")] * 3
    text = summarise([*chatter, *TURNS], max_tokens=40)
    assert "arrived broken" in text
    assert "refund €84" in text


def test_secrets_never_reach_a_summary() -> None:
    text = summarise(TURNS)
    assert "4111" not in text
    assert "hunter22" not in text


def test_a_prior_summary_lives_on() -> None:
    prior = summarise(TURNS)
    later = [("Customer", "The refund has come. Now I want a green lamp.")]
    text = summarise(later, prior=prior)
    assert "LF-1182 arrived broken" in text
    assert text.endswith("Customer: The refund has come. Now I want a green lamp.")


def test_a_prior_summary_without_labels_is_kept_as_it_stands() -> None:
    prior = "Anna returned a lamp in March. She was promised €84."
    assert summarise([], prior=prior) == prior


def test_the_same_input_gives_the_same_text() -> None:
    assert summarise(long_conversation()) == summarise(long_conversation())


def test_what_is_said_twice_is_kept_once() -> None:
    turns = [("Customer", "The screen is cracked.")] * 2
    assert summarise(turns) == "Customer: The screen is cracked."


@pytest.mark.parametrize("turns", [[], [("Customer", "Hi!"), ("Agent", "Hello.")]])
def test_nothing_said_makes_no_summary(turns: list[tuple[str, str]]) -> None:
    assert summarise(turns) == ""


LANGUAGES = {
    "russian": "Мой заказ LF-20418 ещё не пришёл. Пришлите мне {} новых.",
    "german": "Die Lampe aus LF-20418 kam zerbrochen an. Ich möchte {} neue.",
    "chinese": "我的订单LF-20418还没有到。我想退{}个灯。",
    "japanese": "注文LF-20418がまだ届いていません。ランプを{}個返品したいです。",
    "thai": "คำสั่งซื้อLF-20418ยังไม่มาถึงฉันต้องการคืนสินค้า{}ชิ้น",
    "arabic": "طلبي LF-20418 لم يصل بعد. أريد إرجاع {} مصابيح.",
    "hindi": "मेरा ऑर्डर LF-20418 अभी तक नहीं आया। मुझे {} लैंप वापस करने हैं।",
}


@pytest.mark.parametrize("said", LANGUAGES.values(), ids=LANGUAGES)
def test_every_script_makes_a_summary_within_the_limit(said: str) -> None:
    turns = [("Customer", said.format(n)) for n in range(40)]
    text = summarise(turns, max_tokens=60)
    assert "LF-20418" in text
    assert 20 < count_tokens(text) <= 60


@pytest.mark.parametrize("said", LANGUAGES.values(), ids=LANGUAGES)
def test_a_text_of_any_script_is_cut_between_words(said: str) -> None:
    whole = " ".join(said.format(n) for n in range(40))
    cut = clip_to_tokens(whole, 60)
    assert 20 < count_tokens(cut) <= 60
    kept = cut.removesuffix(" …")
    assert whole.startswith(kept)
    after = whole[len(kept)]
    unspaced = "\u0e00" <= after <= "\u0eff" or "\u3000" <= after <= "\u9fff"
    assert after == " " or unspaced


def test_one_sentence_that_never_ends_is_cut_in_any_script() -> None:
    for word in ("灯", "ランプ", "lamp ", "лампа "):
        text = summarise([("Customer", f"LF-20418 {word * 2_000}")], max_tokens=60)
        assert "LF-20418" in text
        assert count_tokens(text) <= 60


def test_the_desk_at_work_is_left_out() -> None:
    turns = [
        ("Agent", "Hello, my name is Sam. Can I have your order number please"),
        ("Customer", "LF-1182"),
        ("Agent", "Sure! Let me check that for you. I will look into it."),
        ("Agent", "It was no problem! I hope you have a great day. It left Ghent."),
        ("Customer", "That's all I needed. Danke schön!"),
    ]
    assert summarise(turns) == "Customer: (order number) LF-1182. Agent: It left Ghent."


def test_what_was_to_be_done_is_still_open_at_the_very_end() -> None:
    turns = [
        ("Customer", "My lamp is broken."),
        ("Agent", "I will check that for you."),
    ]
    assert summarise(turns).endswith("Agent: I will check that for you.")


def test_hundreds_of_sentences_are_shortlisted_first() -> None:
    turns = [("Customer", f"Item {n} of my list is still open.") for n in range(450)]
    turns.append(("Agent", "We will send all items by 12 May."))
    assert "12 May" in summarise(turns, max_tokens=60)
