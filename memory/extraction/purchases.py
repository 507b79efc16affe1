"""What was bought, when, how it was paid and where the parcel is."""

import re
from collections.abc import Iterator

from memory.extraction.dates import DATE, resolved
from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding, group
from memory.extraction.vocabulary import NOT_A_NAME

_THINGS = (
    r"(?:laptops?|computers?|notebook|tablets?|i?phones?|ipads?|macbooks?|headphones|"
    r"earbuds|headset|speakers?|monitors?|keyboards?|printers?|cameras?|tv|television|"
    r"router|modem|watch|charger|console|jackets?|coats?|jeans|pants|trousers|shirts?|"
    r"t-shirts?|tee|blouse|sweaters?|hoodie|dress(?:es)?|skirts?|boots|shoes|sneakers|"
    r"sandals|socks|hats?|caps?|gloves|scarf|bags?|backpack|wallet|sunglasses|sofa|"
    r"couch|chairs?|tables?|desks?|lamps?|mattress|bed|fridge|refrigerator|oven|kettle|"
    r"toaster|blender|vacuum|washing machine|dishwasher|bikes?|bicycle|scooter|books?|"
    r"toys?|ring|necklace|bracelet|earrings|perfume|guitar|piano)"
)
_BRANDED = re.compile(
    rf"\b(?P<value>(?:(?!I\b|My\b|The\b|A\b|An\b|This\b|These\b|Those\b|Is\b|Are\b|"
    rf"Hi\b|"
    r"Do\b|Does\b|Can\b|Your\b|Some\b|What\b|How\b|Also\b|And\b|Yes\b|No\b)"
    rf"[A-Z][\w&'-]+ ){{1,3}}(?:(?:[a-z]+ ))?(?i:{_THINGS}))\b"
)
_KNOWN_BRAND = re.compile(
    rf"\b(?P<value>(?:guess|calvin klein|tommy hilfi\w+|michael kors|levi'?s?|nike|"
    rf"adidas|"
    rf"puma|gucci|prada|zara|samsung|apple|sony|lg|dell|hp|lenovo|asus|acer|bose|canon|"
    rf"nikon|ikea|yamaha)(?: brand)?(?: \w+)? {_THINGS})\b",
    re.IGNORECASE,
)
_OWNED = re.compile(
    r"\b(?:i|we)(?:'ve| have| just| had| recently| already)* (?:bought|ordered|"
    r"purchased|received|got|own|returned)(?: (?:myself|from you|today|yesterday))?"
    r" (?:an?|the|my|some|two|three|these|this|\d+|(?:an? )?(?:new )?pairs? of)"
    rf" (?P<value>(?:(?!for\b|to\b|that\b|of\b)[\w'-]+ ){{0,3}}?{_THINGS})\b",
    re.IGNORECASE,
)
_STATUSES = (
    r"order received|in transit|out for delivery|delivered|shipped|processing|returned"
)
_STATUS = re.compile(
    r"\b(?:(?:status|it|order|tracking|app|site|website|that|which)[\w ]{0,20}? )?"
    rf"(?:says?|shows?|states?|is|as)(?: (?:it'?s|it is|it was|that))?:? *[\"']?"
    rf"(?P<value>{_STATUSES})\b",
    re.IGNORECASE,
)
_BARE_STATUS = re.compile(rf"\b(?P<value>{_STATUSES})\b", re.IGNORECASE)
_BOUGHT = re.compile(
    r"\b(?:bought|ordered|purchased|placed)\b[\w ]{0,25}? (?:(?:in|on|around|about) )?"
    rf"(?:the )?(?P<value>{DATE})",
    re.IGNORECASE,
)
_PROPERTY = re.compile(r"\b(?:house|home|flat|apartment|car|land)\b", re.IGNORECASE)
_DATE = re.compile(rf"(?P<value>{DATE})", re.IGNORECASE)
_PAID = re.compile(
    r"\b(?:i |we )?(?:paid|pay|paying|payment)(?: (?:for it|was|is|made|method))* "
    r"(?:by|with|via|using|in|through|on)(?: my| an?| the)? (?P<value>cash on delivery|"
    r"cash|(?:credit|debit|gift)? ?card|paypal|apple pay|google pay|bank transfer|"
    r"check|cheque|invoice|klarna|visa|mastercard|amex)\b",
    re.IGNORECASE,
)
_PLAN = re.compile(
    r"\b(?:i'?m|i am|we are|we're|i have|we have)(?: currently| now)? (?:on|using)?"
    r" ?(?:the|an?|your) (?P<value>[\w-]+(?: [\w-]+)?) (?:plan|subscription|tariff)\b",
    re.IGNORECASE,
)


def products(said: Utterance) -> Iterator[Finding]:
    """Things the customer names with their brand, or says she bought."""
    for pattern in (_BRANDED, _KNOWN_BRAND, _OWNED):
        for match in pattern.finditer(said.text):
            first = match["value"].lower().split()[0]
            if pattern is _BRANDED and first in NOT_A_NAME - {"guess"}:
                continue
            yield group(match, "product", confidence=0.8, certain=pattern is not _OWNED)


def shipping_statuses(said: Utterance) -> Iterator[Finding]:
    """Where the parcel is, as the customer reads it."""
    asked = "shipping_status" in said.asked
    for match in (_BARE_STATUS if asked else _STATUS).finditer(said.text):
        before = said.text[: match.start("value")].lower()
        if re.search(r"\bnot (?:been )?$|n't (?:been )?$", before):
            continue
        start, end = match.span("value")
        yield Finding("shipping_status", match["value"].lower(), start, end, 0.85)


def purchase_dates(said: Utterance) -> Iterator[Finding]:
    """When something was bought."""
    asked = "purchase_date" in said.asked
    for match in (_DATE if asked else _BOUGHT).finditer(said.text):
        start, end = match.span("value")
        when = resolved(match["value"], said.turn.sent_at)
        if when and not _PROPERTY.search(match.group()):
            yield Finding(
                "purchase_date", match["value"], start, end, 0.85, event_at=when
            )


def payments(said: Utterance) -> Iterator[Finding]:
    """The kind of payment, never a number; and the plan the customer is on."""
    for match in _PAID.finditer(said.text):
        yield group(match, "payment_method", confidence=0.8)
    for match in _PLAN.finditer(said.text):
        yield group(match, "plan", confidence=0.8)
