"""The catalogue of keys: kind, cardinality, weight and the sentence of each."""

from dataclasses import dataclass

from memory.types import FactKind


@dataclass(frozen=True, slots=True)
class KeySpec:
    """How facts of one key behave and read.

    ``sentence`` takes ``{value}``; ``importance`` runs from 0 to 1.
    """

    sentence: str
    topic: str
    importance: float = 0.5
    single: bool = False
    kind: FactKind = "fact"


def _single(sentence: str, topic: str, importance: float) -> KeySpec:
    return KeySpec(sentence, topic, importance, single=True)


CATALOGUE: dict[str, KeySpec] = {
    "customer_name": _single("Is called {value}.", "identity", 0.9),
    "username": _single("Has the username {value}.", "identity", 0.8),
    "company": _single("Is with the company {value}.", "identity", 0.6),
    "email": _single("Can be reached at {value}.", "contact", 0.9),
    "phone": _single("Can be called at {value}.", "contact", 0.8),
    "street_address": _single("Lives at {value}.", "address", 0.8),
    "city": _single("Lives in {value}.", "address", 0.7),
    "state": _single("Is in the state {value}.", "address", 0.6),
    "zip_code": _single("Has the postal code {value}.", "address", 0.6),
    "country": _single("Lives in {value}.", "address", 0.6),
    "account_id": KeySpec("Holds the account {value}.", "account", 0.8),
    "member_level": _single("Is a {value} member.", "account", 0.7),
    "plan": _single("Is on the {value} plan.", "account", 0.7),
    "payment_method": _single("Pays by {value}.", "billing", 0.5),
    "order_id": KeySpec("Order {value}.", "order", 0.7),
    "booking_reference": KeySpec("Booking {value}.", "travel", 0.7),
    "policy_id": KeySpec("Holds the policy {value}.", "insurance", 0.7),
    "claim_id": KeySpec("Has the claim {value}.", "insurance", 0.7),
    "reference": KeySpec("Reference {value}.", "order", 0.6),
    "product": KeySpec("Product: {value}.", "product", 0.6),
    "product_code": KeySpec("Product code {value}.", "product", 0.5),
    "quantity": KeySpec("Asked for {value} pieces.", "order", 0.2),
    "size": KeySpec("Size: {value}.", "product", 0.3),
    "shipping_status": _single("The order's status is {value}.", "shipping", 0.3),
    "amount": KeySpec("Named the amount {value}.", "billing", 0.4),
    "expense_type": KeySpec("Claims {value} expenses.", "billing", 0.3),
    "software": KeySpec("Uses {value}.", "product", 0.5),
    "service_type": KeySpec("Is interested in {value} service.", "product", 0.5),
    "vehicle_brand": KeySpec("Drives a {value}.", "vehicle", 0.6),
    "vehicle_model": KeySpec("Has the car model {value}.", "vehicle", 0.6),
    "vehicle_year": KeySpec("Has a car of {value}.", "vehicle", 0.5),
    "departure_city": KeySpec("Travels from {value}.", "travel", 0.5),
    "arrival_city": KeySpec("Travels to {value}.", "travel", 0.5),
    "passengers": KeySpec("Travels with a party of {value}.", "travel", 0.4),
    "seat": KeySpec("Asked for the seat {value}.", "travel", 0.4),
    "purchase_date": KeySpec(
        "Date of the purchase: {value}.", "order", 0.5, kind="event"
    ),
    "start_date": KeySpec("Start date: {value}.", "travel", 0.5, kind="event"),
    "end_date": KeySpec("End date: {value}.", "travel", 0.5, kind="event"),
    "charge_date": KeySpec("Names the date {value}.", "billing", 0.4, kind="event"),
    "charge_time": KeySpec("Names the time {value}.", "billing", 0.2),
    "event": KeySpec("{value}.", "life", 0.5, kind="event"),
    "contact_channel": KeySpec(
        "Prefers {value}.", "contact", 0.8, single=True, kind="preference"
    ),
    "do_not_contact": KeySpec(
        "Does not want {value}.", "contact", 0.9, kind="preference"
    ),
    "contact_time": KeySpec(
        "Is best reached {value}.", "contact", 0.6, single=True, kind="preference"
    ),
    "language": KeySpec(
        "Prefers {value}.", "contact", 0.7, single=True, kind="preference"
    ),
    "likes": KeySpec("Likes {value}.", "taste", 0.5, kind="preference"),
    "dislikes": KeySpec("Does not like {value}.", "taste", 0.5, kind="preference"),
    "prefers": KeySpec("Prefers {value}.", "taste", 0.6, kind="preference"),
    "intent": KeySpec("Wants to {value}.", "request", 0.5, kind="intent"),
    "issue": KeySpec("Reported: {value}.", "issue", 0.7, kind="issue"),
    "occupation": _single("Works as {value}.", "life", 0.6),
    "employer": _single("Works for {value}.", "life", 0.6),
    "relative": KeySpec("Has a {value}.", "family", 0.5),
    "has": KeySpec("Has {value}.", "life", 0.4),
    "origin": _single("Comes from {value}.", "life", 0.5),
    "hobby": KeySpec("Spends time {value}.", "life", 0.4),
    "birthday": _single("Has a birthday on {value}.", "life", 0.6),
}

_FREE = KeySpec("{value}.", "other", 0.4)


def spec(key: str) -> KeySpec:
    """What is known of a key; a free key gets modest defaults."""
    return CATALOGUE.get(key, _FREE)
