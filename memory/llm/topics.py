"""What support conversations are about: labelled examples, nearest in meaning."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from memory.llm.embedding import Vectors, embedder

EXAMPLES: dict[str, tuple[str, ...]] = {
    "delivery": (
        "Where is my parcel?",
        "My package has not arrived yet.",
        "When will my order be delivered?",
        "The tracking has not moved for days.",
    ),
    "return": (
        "I want to send this item back.",
        "How do I return my order?",
        "I need a return label.",
        "I would like to exchange it for another size.",
    ),
    "refund": (
        "When do I get my money back?",
        "I want a refund.",
        "The refund has not reached my account.",
    ),
    "billing": (
        "I was charged twice.",
        "There is a mistake on my invoice.",
        "Why was my card declined?",
        "I do not recognise this charge.",
    ),
    "subscription": (
        "I want to cancel my subscription.",
        "How do I upgrade my plan?",
        "My membership was renewed without asking.",
    ),
    "account": (
        "I cannot log in.",
        "I forgot my password.",
        "I want to change the e-mail of my account.",
        "My username does not work.",
    ),
    "address": (
        "I have moved to a new address.",
        "Please change my shipping address.",
    ),
    "order": (
        "I want to place an order.",
        "I want to cancel my order.",
        "Can I add an item to my order?",
    ),
    "product": (
        "What material is this made of?",
        "Which size should I take?",
        "Does this model work with my laptop?",
        "Is this item in stock?",
    ),
    "defect": (
        "The item arrived broken.",
        "It stopped working after a week.",
        "There is a scratch on the screen.",
        "I received the wrong item.",
    ),
    "price": (
        "Is there a discount?",
        "My promo code does not work.",
        "The price was lower yesterday.",
    ),
    "technical": (
        "The app crashes when I open it.",
        "The website shows an error.",
        "My internet connection is down.",
        "The software does not install.",
    ),
    "booking": (
        "I want to book a flight.",
        "Please change my reservation.",
        "I need a seat on this trip.",
    ),
    "insurance": (
        "I want to file a claim.",
        "What does my policy cover?",
    ),
    "appointment": (
        "I would like to make an appointment.",
        "Can we move the visit to another day?",
    ),
    "complaint": (
        "I am very disappointed with your service.",
        "This is unacceptable, I want to complain.",
        "Nobody answers my messages.",
    ),
}
"""Topics with sentences that are plainly about them."""

NEAR = 0.42
"""Least cosine of a sentence to an example of its topic.

Source: of some hundred sentences of support chats, those on a topic score 0.42 and
more against one of its examples, small talk and bare answers below 0.4.
"""
_MOST_TOPICS = 3


def topics_of(sentences: Sequence[str]) -> tuple[str, ...]:
    """Return at most three topics of the sentences, the strongest first.

    Each sentence votes for its nearest topic with its cosine.
    """
    if not sentences:
        return ()
    vectors = embedder().encode_cached(sentences)
    names = list(EXAMPLES)
    nearest = np.stack(
        [(vectors @ examples.T).max(axis=1) for examples in _example_vectors()], axis=1
    )
    votes = dict.fromkeys(names, 0.0)
    for row in nearest:
        best = int(row.argmax())
        if row[best] >= NEAR:
            votes[names[best]] += float(row[best])
    ranked = sorted((name for name in names if votes[name]), key=lambda n: -votes[n])
    return tuple(ranked[:_MOST_TOPICS])


@cache
def _example_vectors() -> list[Vectors]:
    return [embedder().encode(sentences) for sentences in EXAMPLES.values()]
