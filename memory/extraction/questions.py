"""What the desk asked for: an agent's words give keys, never values."""

import re

from memory.refusals import QUESTIONS_REFUSED

SECRET = "secret"  # noqa: S105 - the name of a question, not a password

_PATTERNS: tuple[tuple[str, str], ...] = (
    ("email", r"\be-?mail"),
    (
        "phone",
        r"\b(?:tele)?phone\b(?! (?:plan|service))|\bmobile (?:number|no)\b"
        r"|\bcell\b|contact number|number to (?:reach|call)|best number",
    ),
    ("username", r"\buser ?-?names?\b|\buser ?id\b|\blog-?in (?:name|id)"),
    (
        "order_id",
        r"\border(?:'s)? ?(?:id|number|no\b|#|reference)|\bwh(?:ich|at) (?:is )?"
        r"(?:the |your )?order\b(?! status)",
    ),
    ("account_id", r"\b(?:account|customer|client) ?(?:id|number|no\b|#)"),
    (
        "customer_name",
        r"\b(?:full|first|last|your|the|a|customer|sur|account holder'?s?) ?names?\b"
        r"(?! of)|(?<!maiden )\bnames?\b(?= (?:please|and|or)\b|,|\?|$)|who (?:am i|"
        r"is this)",
    ),
    (
        "company",
        r"\b(?:company|business|firm|organi[sz]ation)(?:'s)? name|\bname of "
        r"(?:the|your) (?:company|business|firm)|which (?:company|business)",
    ),
    (
        "member_level",
        r"member(?:ship)? ?(?:level|status|tier|type)|\b(?:gold|silver|bronze|"
        r"platinum)\b.{0,25}\bmember",
    ),
    ("zip_code", r"\bzip\b|\bpost(?:al)? ?code"),
    (
        "street_address",
        r"(?<!mail )(?<!ip )\baddress\b(?! on file)|where do you live|where should we "
        r"(?:send|ship|deliver)",
    ),
    (
        "city",
        r"\b(?:which|what) (?:city|town)|\byour (?:city|town)\b|\bcity (?:name|and)",
    ),
    ("state", r"\b(?:which|what|your) state\b"),
    (
        "product",
        r"\b(?:which|what|name of the|name of your) (?:\w+ )?(?:product|item|device|"
        r"model)|(?:product|item) name|\bthe (?:item|product) (?:that )?you|what "
        r"(?:did|have) you (?:order|buy|bought|"
        r"purchase)",
    ),
    (
        "shipping_status",
        r"(?:shipping|delivery|order) status|\bstatus (?:say|show)|status of (?:the|"
        r"your|that|this) "
        r"(?:order|item|shipment|package|delivery)",
    ),
    (
        "purchase_date",
        r"\bwhen\b.{0,30}(?:purchas|bought|buy|order)|purchase date|date of "
        r"(?:the |your )?purchase|how long ago .{0,20}(?:purchase|buy|order)|"
        r"(?:purchase|order) (?:was )?made",
    ),
    (
        "payment_method",
        r"payment (?:method|type)|how (?:did|would|will|do) you (?:like to |want to )?"
        r"pay|method of payment",
    ),
    ("plan", r"(?:which|what) (?:\w+ )?(?:plan|subscription)\b"),
    (
        "departure_city",
        r"(?:travel|fly|flying|leav|depart)\w* from|departure city|origin",
    ),
    ("arrival_city", r"\bdestination|arrival city|(?:travel|fly)(?:l?ing)? to\b"),
    (
        "start_date",
        r"(?:travel|departure|start) date|date of (?:travel|departure)|when .{0,25}"
        r"(?:fly|travel|leav|depart)",
    ),
    (
        "booking_reference",
        r"(?:booking|confirmation|reservation) ?(?:number|reference|code|id|#|no\b)",
    ),
    ("policy_id", r"policy ?(?:number|id|no\b|#)"),
    ("claim_id", r"claim ?(?:number|id|no\b|#)"),
    (
        "contact_channel",
        r"(?:prefer|like|want) (?:us )?to (?:be )?(?:contact|reach)"
        r"|contact (?:method|preference)|how (?:should|can|may|shall) we (?:contact|"
        r"reach)",
    ),
    ("occupation", r"what do you do for (?:a living|work)|your (?:job|occupation)"),
    (SECRET, QUESTIONS_REFUSED),
)
_ASKS = tuple((key, re.compile(pattern, re.IGNORECASE)) for key, pattern in _PATTERNS)
_REQUEST = re.compile(
    r"\?|\b(?:may|can|could|would|will|please|need|provide|give|tell|have|get|verify|"
    r"confirm|share|what|which|who|when|where|how|do you|know)\b",
    re.IGNORECASE,
)
_STATEMENT = re.compile(
    r"^\s*(?:your|the) [\w ]{3,25} (?:is|are|has|was) ", re.IGNORECASE
)


def asked_keys(text: str) -> tuple[str, ...]:
    """The keys an agent's message asks for, in the order they are named."""
    found: list[tuple[int, str]] = []
    for sentence in re.finditer(r"[^.?!\n]+[.?!]?", text):
        words = sentence.group()
        if _STATEMENT.match(words) and "?" not in words:
            continue
        bare = len(words.split()) <= 6  # noqa: PLR2004 - "Full name and zip:"
        if not bare and not _REQUEST.search(words):
            continue
        for key, pattern in _ASKS:
            if match := pattern.search(words):
                found.append((sentence.start() + match.start(), key))
    return tuple(dict.fromkeys(key for _, key in sorted(found)))


def is_question(text: str) -> bool:
    """Whether an agent's message asks anything at all."""
    return "?" in text
