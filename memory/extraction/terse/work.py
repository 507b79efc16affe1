"""Programs, firms and article codes in terse messages from companies."""

import re
from collections.abc import Iterator

from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding, group
from memory.extraction.vocabulary import NOT_A_NAME

_PROGRAM = re.compile(
    r"\b(?P<value>(?:ms |microsoft |google |adobe )?(?:skype|outlook|chrome|firefox|"
    r"excel|"
    r"powerpoint|onenote|teams|zoom|slack|photoshop|acrobat|tally|whatsapp|hike|gmail|"
    r"windows|quickbooks|sap|salesforce|dropbox|onedrive|sharepoint|webex|vlc|"
    r"autocad|edge|safari|itunes))\b",
    re.IGNORECASE,
)
_ACCOUNT = re.compile(
    r"^(?:(?:my )?name (?:is )?|this is |i am |im )?(?P<who>[a-z']+(?: "
    r"[a-z']+)?)(?: and| my| is| acc| account| accounting| number| "
    r"num| no| ac)* (?P<value>\d{4})$"
    r"|^(?P<alone>\d{4})$",
    re.IGNORECASE,
)
_FIRM = re.compile(
    r"(?:^|\b(?:in|is|from|at|for|and|company|name|im|am) )"
    r"(?P<value>(?!(?:i|my|in|is|and|from|at|name|the|working|company)\b)[a-z&]+"
    r"(?: (?!(?:and|is|in|my|i)\b)[a-z&]+){0,3}? "
    r"(?:pvt(?: (?:ltd|ltds|limited))?|ltd|limited|infotech|technolog(?:y|ies)|tech|"
    r"inc|"
    r"corp\w*|solutions?|services(?: limited)?|musicals?|music(?: store)?|company|"
    r"industries|group|systems|consultancy(?: services)?|enterprises?|associates|"
    r"bank))\b",
    re.IGNORECASE,
)
_COMPANY_BEFORE = re.compile(
    r"\b(?:company|firm)(?: name)?(?: is)? (?P<value>(?!name\b|is\b)[a-z]+(?: "
    r"[a-z]+){0,2}?)"
    r"(?=$| and\b| account\b| ac\b| password\b| pass)",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"\b(?:(?P<value>(?:ps[a-z]{1,3}|pa|ez|ex|dgx|np|yp[gt]?|cp|mx|ctk|lk|wk|xps) ?"
    r"(?:[a-z]{1,2} ?)?\d{2,4})|model(?: is| number| no)* (?P<named>[a-z]{1,5} "
    r"?\d{2,4}))\b",
    re.IGNORECASE,
)
_INSTRUMENT = re.compile(
    r"\b(?P<value>(?:(?:musical|portable|yamaha|digital|electric|acoustic) )?"
    r"(?:key ?boards?|kryboards?|guitars?|pianos?|drums?|violins?|flutes?|"
    r"synthesi[sz]ers?|"
    r"instruments?))\b",
    re.IGNORECASE,
)
_NUMBER_OF = re.compile(
    r"(?<![\w] )\b(?P<value>\d{1,3})(?: (?:nos?|numbers?|pieces?|pcs|units?|items?|"
    r"musical|"
    r"portable|key ?boards?|of)\b)"
    r"|^(?:yes |only |i need |i want |just )*(?P<bare>\d{1,2}|one|two|three|four|"
    r"five|ten)"
    r"(?: nos?| only| please)?$|\b(?:only|need|want|order|purchase) "
    r"(?P<after>\d{1,2})\b",
    re.IGNORECASE,
)


def programs(said: Utterance) -> Iterator[Finding]:
    """Well-known programs the customer has at work."""
    for match in _PROGRAM.finditer(said.text):
        yield group(match, "software", confidence=0.7, certain=True)


def support_accounts(said: Utterance) -> Iterator[Finding]:
    """The support account beside the name: "harini 5632"."""
    if re.search(r"pass|ssn|\bpin\b", said.text, re.IGNORECASE):
        return
    match = _ACCOUNT.match(said.text.strip())
    if match and (match["who"] or "").lower() not in NOT_A_NAME:
        name = "value" if match["value"] else "alone"
        start = said.text.index(match[name])
        yield Finding("account_id", match[name], start, start + 4, 0.6, certain=True)


def firms(said: Utterance) -> Iterator[Finding]:
    """The firm the customer writes for."""
    for pattern in (_COMPANY_BEFORE, _FIRM):
        for match in pattern.finditer(said.text):
            if match["value"].lower().split()[0] not in NOT_A_NAME:
                yield group(match, "company", confidence=0.65)
                return


def codes(said: Utterance) -> Iterator[Finding]:
    """Article codes such as "psr ew 410"."""
    for match in _CODE.finditer(said.text):
        yield group(match, "product_code", match.lastgroup or 0, confidence=0.65)


def instruments(said: Utterance) -> Iterator[Finding]:
    """What is ordered, and how many."""
    for match in _INSTRUMENT.finditer(said.text):
        yield group(match, "product", confidence=0.6, certain=True)
    for match in _NUMBER_OF.finditer(said.text):
        yield group(match, "quantity", match.lastgroup or 0, confidence=0.6)
