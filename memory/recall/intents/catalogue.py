"""The intents that there are, what each does to recall, and its built-in examples."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from memory.recall.types import Intent

OTHER: Final = "other"
SMALL_TALK: Final = "small_talk"
PERSON: Final = "person"
PAST: Final = "past"
PENDING: Final = "pending"
ABOUT_CUSTOMER: Final = "about_customer"

_EXAMPLES = Path(__file__).with_name("examples.txt")


@dataclass(frozen=True, slots=True)
class Route:
    """What an intent does to recall.

    Attributes:
        skips_recall: Whether nothing is looked up, where the words allow it.
        weights: By kind, as `memory.retention.KINDS` names them, what a memory's score
            is multiplied with: 0.8 to 1.25, so that it tips a scale and decides
            nothing alone. Kinds that are not named keep their score.
    """

    skips_recall: bool = False
    weights: Mapping[str, float] = field(default_factory=dict)

    def weight(self, kind: str) -> float:
        """Return what the score of a memory of this kind is multiplied with."""
        return self.weights.get(kind, 1.0)


@dataclass(frozen=True, slots=True)
class IntentKind:
    """One intent of the catalogue.

    Attributes:
        title: For people.
        about: What a message of it asks for.
        route: What it does to recall.
    """

    name: str
    title: str
    about: str
    route: Route = Route()

    @property
    def effect(self) -> str:
        """What it does to recall, said to a person."""
        if self.route.skips_recall:
            return "Nothing is recalled"
        weights = self.route.weights.items()
        lifted = [f"{kind}s" for kind, weight in weights if weight > 1]
        return f"Lifts {', '.join(lifted)}" if lifted else "Lifts nothing"


def _kind(name: str, title: str, about: str, **weights: float) -> IntentKind:
    return IntentKind(name, title, about, Route(weights=weights))


INTENTS: Final[Mapping[str, IntentKind]] = {
    kind.name: kind
    for kind in (
        _kind(
            "order_status",
            "Order status",
            "Where an order is, and when it comes",
            event=1.15,
            message=1.05,
        ),
        _kind(
            "delivery",
            "Delivery",
            "How, where and for how much things are delivered",
            event=1.1,
            preference=1.1,
        ),
        _kind(
            "return",
            "Return",
            "Sending back or exchanging something",
            event=1.15,
            issue=1.1,
        ),
        _kind("refund", "Refund", "Money back", event=1.15, issue=1.1),
        _kind("account", "Account", "Login, profile and newsletters", fact=1.15),
        _kind(
            "billing",
            "Billing and payment",
            "Invoices, charges and ways to pay",
            fact=1.1,
            event=1.1,
        ),
        _kind(
            "product",
            "Product",
            "What a product is and does, and that it does not",
            preference=1.15,
            fact=1.05,
        ),
        _kind(
            "complaint",
            "Complaint",
            "Anger at the service",
            issue=1.2,
            episode=1.15,
        ),
        _kind(
            "cancellation",
            "Cancellation",
            "Ending an order or a contract",
            intent=1.15,
            event=1.1,
        ),
        IntentKind(
            SMALL_TALK,
            "Small talk",
            "Greetings, thanks and goodbyes",
            Route(skips_recall=True),
        ),
        _kind(
            PAST,
            "Asks about the past",
            "What was said, agreed or done before",
            episode=1.2,
            issue=1.1,
            message=1.1,
            event=1.1,
        ),
        # Whoever takes over reads what was recalled, so it is.
        _kind(
            PERSON,
            "Asks for a person",
            "A human being instead of the assistant",
            issue=1.15,
            episode=1.1,
        ),
        _kind(
            PENDING,
            "Pending",
            "What is open, promised or waited for",
            issue=1.25,
            episode=1.2,
            intent=1.15,
        ),
        _kind(
            ABOUT_CUSTOMER,
            "About the customer",
            "What the desk knows about who asks",
            fact=1.2,
            preference=1.15,
            message=0.95,
        ),
        IntentKind(OTHER, "Other", "None of these"),
    )
}


def route_of(intent: Intent | None) -> Route:
    """Return what an intent does to recall; nothing, where there is none."""
    kind = INTENTS.get(intent.name) if intent else None
    return kind.route if kind else Route()


@cache
def built_in() -> Mapping[str, tuple[str, ...]]:
    """Return the built-in examples of each intent."""
    return labelled_lines(_EXAMPLES.read_text(encoding="utf-8"))


def labelled_lines(text: str) -> Mapping[str, tuple[str, ...]]:
    """Read examples: a heading in brackets per intent, an example a line.

    Raises:
        ValueError: A heading names no intent.
    """
    found: dict[str, list[str]] = {name: [] for name in INTENTS}
    label = ""
    for line in text.splitlines():
        if line.startswith("["):
            label = line.strip("[]")
            if label not in INTENTS:
                message = f"There is no intent {label!r}."
                raise ValueError(message)
        elif line and not line.startswith("#"):
            found[label].append(line)
    return {name: tuple(lines) for name, lines in found.items()}
