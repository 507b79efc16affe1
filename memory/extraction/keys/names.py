"""One key goes by many names: which one is meant."""

import re
from typing import Final

from memory.extraction.keys.catalogue import CATALOGUE
from memory.extraction.keys.specs import KeySpec, Value

MAX_KEY_CHARS: Final = 80

_ALSO: Final = {
    "customer_name": "name full_name fullname real_name client_name user_full_name",
    "username": "user_name userid user_id user login login_name login_id handle "
    "screen_name",
    "company": "company_name organisation organization business business_name firm",
    "job_title": "job_role position",
    "vat_number": "vat vat_id vat_no",
    "email": "e_mail mail email_address e_mail_address mail_address emailid email_id "
    "contact_email",
    "phone": "phone_number phonenumber phone_no telephone telephone_number tel mobile "
    "mobile_number mobile_phone cell cellphone cell_phone contact_number "
    "callback_number",
    "contact_channel": "preferred_channel preferred_contact contact_preference "
    "contact_method preferred_contact_method channel_preference communication_channel",
    "do_not_contact": "no_contact contact_opt_out do_not_call",
    "contact_time": "preferred_time best_time_to_call callback_time availability",
    "language": "preferred_language language_preference spoken_language",
    "time_zone": "timezone tz",
    "newsletter": "newsletter_subscription marketing_consent marketing_opt_in",
    "street_address": "address street home_address postal_address mailing_address "
    "address_line street_name",
    "delivery_address": "shipping_address ship_to",
    "billing_address": "invoice_address",
    "city": "town home_city city_of_residence current_city location residence lives_in",
    "state": "province us_state",
    "zip_code": "zip zipcode postcode post_code postal_code postalcode pin_code",
    "country": "country_of_residence nation home_country",
    "account_id": "account account_number account_no accountnumber acct customer_id "
    "customer_number client_id member_id membership_number loyalty_number",
    "member_level": "membership membership_level member_status membership_status tier "
    "loyalty_tier loyalty_level customer_tier",
    "member_since": "customer_since membership_since",
    "plan": "subscription subscription_plan current_plan tariff pricing_plan",
    "payment_method": "payment payment_type pays_by method_of_payment",
    "billing_cycle": "billing_period billing_frequency",
    "amount": "price total cost charge sum value_of_order amount_paid refund_amount",
    "discount_code": "coupon coupon_code promo_code voucher voucher_code",
    "invoice_id": "invoice invoice_number invoice_no",
    "order_id": "order order_number order_no ordernumber order_reference order_ref",
    "tracking_number": "tracking tracking_id tracking_code parcel_number "
    "shipment_number",
    "reference": "reference_number ref case_number case_id ticket_number ticket_id",
    "purchase_date": "order_date date_of_purchase date_ordered bought_on",
    "delivery_date": "expected_delivery date_of_delivery",
    "shipping_status": "order_status delivery_status shipment_status",
    "quantity": "number_of_items item_count pieces",
    "product": "item product_name item_name purchased_product product_owned",
    "product_code": "sku article_number item_number product_id ean isbn upc",
    "serial_number": "serial serial_no imei",
    "colour": "color",
    "software": "app application software_name",
    "software_version": "app_version version",
    "operating_system": "os",
    "device": "device_model phone_model",
    "policy_id": "policy policy_number insurance_policy",
    "claim_id": "claim claim_number",
    "booking_reference": "booking booking_number booking_id reservation pnr "
    "reservation_number confirmation_number confirmation_code "
    "booking_confirmation_number",
    "pending_action": "todo to_do follow_up next_step open_action action_item promised",
    "appointment": "meeting callback scheduled_call",
    "issue": "problem complaint pending_issue open_issue fault defect",
    "intent": "request goal wants customer_intent purpose_of_contact",
    "error_code": "error error_number",
    "likes": "like favourite favorite favourites favorites",
    "dislikes": "dislike hates",
    "prefers": "preference preferences",
    "event": "life_event",
    "occupation": "job profession",
    "employer": "works_for workplace",
    "hobby": "hobbies",
    "birthday": "birth_date birthdate date_of_birth dob",
    "origin": "hometown home_town place_of_birth birthplace",
}
_NAMES: Final = {
    other: key for key, others in _ALSO.items() for other in others.split()
}

_WHOSE: Final = re.compile(r"^(?:customers?|users?|current|new|my)_(?=.)")

_FREE: Final = KeySpec("{value}.", "other", 0.4)
_OF_A_RELATIVE: Final = KeySpec("{value}.", "family", 0.5, value=Value.NAME)


def named(name: str) -> str:
    """Return the key that a name means: its own form in snake case where it is free.

    A desk's own key has a colon and is left as it is.

    Args:
        name: As a person or a model wrote it: "E-Mail", "phoneNumber", "postcode".
    """
    if ":" in name:
        return name
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    key = re.sub(r"[^a-z0-9]+", "_", apart.lower()).strip("_")[:MAX_KEY_CHARS]
    if key not in CATALOGUE and key not in _NAMES:
        key = _WHOSE.sub("", key)
    return _NAMES.get(key, key) or "note"


def spec(key: str) -> KeySpec:
    """Return what is known of a key; a free key gets modest defaults."""
    if known := CATALOGUE.get(key):
        return known
    return _OF_A_RELATIVE if key.endswith("_name") else _FREE
