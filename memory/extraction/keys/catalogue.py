"""The keys of a support desk, area by area."""

from datetime import timedelta
from functools import partial
from typing import Final

from memory.extraction.keys.specs import BILLING, MARKETING, KeySpec, Value

# How long what passes by itself is believed. An errand is done or given up within a
# quarter; a parcel has arrived, or is a new complaint, within a month. An issue does
# not pass by itself: somebody has to solve it.
_ON_ITS_WAY: Final = timedelta(days=30)
_AN_ERRAND: Final = timedelta(days=90)

_Code = partial(KeySpec, value=Value.CODE)
_Money = partial(KeySpec, value=Value.MONEY, purpose=BILLING)
_Event = partial(KeySpec, kind="event", value=Value.DATE)
_Wish = partial(KeySpec, kind="preference")

_IDENTITY: Final = {
    "customer_name": KeySpec(
        "Is called {value}.", "identity", 0.9, single=True, value=Value.NAME
    ),
    "username": _Code("Has the username {value}.", "identity", 0.8, single=True),
    "company": KeySpec(
        "Is with the company {value}.", "identity", 0.6, single=True, value=Value.NAME
    ),
    "job_title": KeySpec("Has the post of {value}.", "identity", 0.5, single=True),
    "pronouns": KeySpec("Uses the pronouns {value}.", "identity", 0.7, single=True),
    "vat_number": _Code(
        "Has the VAT number {value}.", "identity", 0.6, single=True, purpose=BILLING
    ),
}

_CONTACT: Final = {
    "email": KeySpec(
        "Can be reached at {value}.", "contact", 0.9, single=True, value=Value.EMAIL
    ),
    "phone": KeySpec(
        "Can be called at {value}.", "contact", 0.8, single=True, value=Value.PHONE
    ),
    "contact_channel": _Wish("Prefers {value}.", "contact", 0.8, single=True),
    "do_not_contact": _Wish("Does not want {value}.", "contact", 0.9),
    "contact_time": _Wish("Is best reached {value}.", "contact", 0.6, single=True),
    "language": _Wish(
        "Prefers {value}.", "contact", 0.7, single=True, value=Value.LANGUAGE
    ),
    "time_zone": KeySpec("Is in the time zone {value}.", "contact", 0.5, single=True),
    "newsletter": _Wish(
        "Newsletter: {value}.", "contact", 0.4, single=True, purpose=MARKETING
    ),
}

_ADDRESS: Final = {
    "street_address": KeySpec(
        "Lives at {value}.", "address", 0.8, single=True, value=Value.STREET
    ),
    "delivery_address": KeySpec(
        "Has parcels sent to {value}.", "address", 0.7, single=True, value=Value.STREET
    ),
    "billing_address": KeySpec(
        "Has bills sent to {value}.",
        "address",
        0.6,
        single=True,
        value=Value.STREET,
        purpose=BILLING,
    ),
    "city": KeySpec("Lives in {value}.", "address", 0.7, single=True, value=Value.NAME),
    "state": KeySpec(
        "Is in the state {value}.", "address", 0.6, single=True, value=Value.STATE
    ),
    "zip_code": KeySpec(
        "Has the postal code {value}.",
        "address",
        0.6,
        single=True,
        value=Value.POSTAL_CODE,
    ),
    "country": KeySpec(
        "Lives in {value}.", "address", 0.6, single=True, value=Value.COUNTRY
    ),
    "delivery_instructions": _Wish(
        "Wants deliveries so: {value}.", "address", 0.6, single=True
    ),
}

_ACCOUNT: Final = {
    "account_id": _Code("Holds the account {value}.", "account", 0.8),
    "member_level": KeySpec("Is a {value} member.", "account", 0.7, single=True),
    "member_since": KeySpec(
        "Is a customer since {value}.", "account", 0.5, single=True, value=Value.DATE
    ),
    "plan": KeySpec("Is on the {value} plan.", "account", 0.7, single=True),
    "renewal_date": _Event(
        "Renewal date: {value}.", "account", 0.5, single=True, purpose=BILLING
    ),
    "payment_method": KeySpec(
        "Pays by {value}.", "billing", 0.5, single=True, purpose=BILLING
    ),
    "billing_cycle": KeySpec(
        "Is billed {value}.", "billing", 0.4, single=True, purpose=BILLING
    ),
    "amount": _Money("Named the amount {value}.", "billing", 0.4),
    "budget": _Money("Has a budget of {value}.", "billing", 0.5, single=True),
    "discount_code": _Code(
        "Has the discount code {value}.", "billing", 0.4, purpose=BILLING
    ),
    "invoice_id": _Code("Invoice {value}.", "billing", 0.6, purpose=BILLING),
    "expense_type": KeySpec(
        "Claims {value} expenses.", "billing", 0.3, purpose=BILLING
    ),
    "charge_date": _Event("Names the date {value}.", "billing", 0.4, purpose=BILLING),
    "charge_time": KeySpec(
        "Names the time {value}.",
        "billing",
        0.2,
        value=Value.TIME,
        purpose=BILLING,
    ),
}

_ORDER: Final = {
    "order_id": _Code("Order {value}.", "order", 0.7),
    "reference": _Code("Reference {value}.", "order", 0.6),
    "tracking_number": _Code("Tracking number {value}.", "shipping", 0.6),
    "quantity": KeySpec("Asked for {value} pieces.", "order", 0.2, value=Value.COUNT),
    "purchase_date": _Event("Date of the purchase: {value}.", "order", 0.5),
    "delivery_date": _Event(
        "Date of the delivery: {value}.", "shipping", 0.5, keep=_AN_ERRAND
    ),
    "shipping_status": KeySpec(
        "The order's status is {value}.",
        "shipping",
        0.3,
        single=True,
        keep=_ON_ITS_WAY,
    ),
    "action_taken": KeySpec("Staff: {value}.", "order", 0.6, kind="event"),
}

_PRODUCT: Final = {
    "product": KeySpec("Product: {value}.", "product", 0.6),
    "product_code": _Code("Product code {value}.", "product", 0.5),
    "serial_number": _Code("Serial number {value}.", "product", 0.6),
    "size": _Code("Size: {value}.", "product", 0.3),
    "colour": KeySpec("Colour: {value}.", "product", 0.3, value=Value.NAME),
    "software": KeySpec("Uses {value}.", "product", 0.5),
    "software_version": _Code("Has the version {value}.", "product", 0.4),
    "operating_system": KeySpec("Runs {value}.", "product", 0.5),
    "device": KeySpec("Has the device {value}.", "product", 0.5),
    "service_type": KeySpec("Is interested in {value} service.", "product", 0.5),
    "warranty_until": _Event("Has a warranty until {value}.", "product", 0.5),
    "vehicle_brand": KeySpec("Drives a {value}.", "vehicle", 0.6, value=Value.NAME),
    "vehicle_model": KeySpec(
        "Has the car model {value}.", "vehicle", 0.6, value=Value.NAME
    ),
    "vehicle_year": KeySpec("Has a car of {value}.", "vehicle", 0.5, value=Value.COUNT),
    "policy_id": _Code("Holds the policy {value}.", "insurance", 0.7),
    "claim_id": _Code("Has the claim {value}.", "insurance", 0.7),
}

_TRAVEL: Final = {
    "booking_reference": _Code("Booking {value}.", "travel", 0.7),
    "departure_city": KeySpec("Travels from {value}.", "travel", 0.5, value=Value.NAME),
    "arrival_city": KeySpec("Travels to {value}.", "travel", 0.5, value=Value.NAME),
    "passengers": KeySpec(
        "Travels with a party of {value}.", "travel", 0.4, value=Value.COUNT
    ),
    "seat": _Code("Asked for the seat {value}.", "travel", 0.4),
    "start_date": _Event("Start date: {value}.", "travel", 0.5),
    "end_date": _Event("End date: {value}.", "travel", 0.5),
}

_REQUEST: Final = {
    "intent": KeySpec(
        "Wants to {value}.", "request", 0.5, kind="intent", keep=_AN_ERRAND
    ),
    "pending_action": KeySpec(
        "Still to be done: {value}.", "request", 0.7, kind="intent", keep=_AN_ERRAND
    ),
    "appointment": _Event("Appointment: {value}.", "request", 0.6, keep=_AN_ERRAND),
    "issue": KeySpec("Reported: {value}.", "issue", 0.7, kind="issue"),
    "error_code": _Code("Saw the error {value}.", "issue", 0.5),
}

_PERSON: Final = {
    "likes": _Wish("Likes {value}.", "taste", 0.5),
    "dislikes": _Wish("Does not like {value}.", "taste", 0.5),
    "prefers": _Wish("Prefers {value}.", "taste", 0.6),
    "event": KeySpec("{value}.", "life", 0.5, kind="event"),
    "occupation": KeySpec("Works as {value}.", "life", 0.6, single=True),
    "employer": KeySpec(
        "Works for {value}.", "life", 0.6, single=True, value=Value.NAME
    ),
    "relative": KeySpec("Has a {value}.", "family", 0.5),
    "has": KeySpec("Has {value}.", "life", 0.4),
    "origin": KeySpec(
        "Comes from {value}.", "life", 0.5, single=True, value=Value.NAME
    ),
    "hobby": KeySpec("Spends time {value}.", "life", 0.4),
    "birthday": KeySpec(
        "Has a birthday on {value}.", "life", 0.6, single=True, value=Value.DATE
    ),
}

CATALOGUE: Final[dict[str, KeySpec]] = {
    **_IDENTITY,
    **_CONTACT,
    **_ADDRESS,
    **_ACCOUNT,
    **_ORDER,
    **_PRODUCT,
    **_TRAVEL,
    **_REQUEST,
    **_PERSON,
}
