"""Plain facts of the customer's life: work, family, what she has, where she is from."""

import re
from collections.abc import Iterator

from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding, trimmed

_STOP = (
    r"(?=[.?!,;\n]|$| (?:and|but|so|because|which|who|that|for|with|since|in|at|now)\b)"
)
_WORK = re.compile(
    r"\b(?:i (?:now |currently |also )?work as|i am working as|i'm working as|"
    r"i got a job as|my (?:job|occupation|profession) is|i make a living as) "
    rf"(?P<value>(?:an? |the )?[\w '-]{{3,40}}?){_STOP}",
    re.IGNORECASE,
)
_PROFESSIONS = (
    r"nurse|teacher|engineer|developer|programmer|designer|lawyer|accountant|student|"
    r"chef|cook|driver|plumber|electrician|carpenter|photographer|writer|journalist|"
    r"artist|musician|scientist|researcher|professor|architect|manager|freelancer|"
    r"consultant|farmer|pilot|paramedic|firefighter|police officer|librarian|baker|"
    r"barista|waiter|waitress|mechanic|dentist|veterinarian|vet|pharmacist|translator|"
    r"contractor|builder|retiree|pensioner|counsell?or|coach|dancer|actor|actress"
)
_IS_PROFESSION = re.compile(
    r"\bi(?:'m| am|m)(?: now| currently)? "
    rf"(?P<value>an? (?:[\w-]+ ){{0,2}}?(?:{_PROFESSIONS}))\b",
    re.IGNORECASE,
)
_EMPLOYER = re.compile(
    r"\bi (?:now |currently |just started (?:to )?)?(?:work|working) (?:for|at) "
    r"(?P<value>(?:the |an? )?(?-i:[A-Z])[\w&.'-]+(?: (?-i:[A-Z])[\w&.'-]+){0,3})",
    re.IGNORECASE,
)
_RELATIVES = (
    r"daughter|son|wife|husband|partner|boyfriend|girlfriend|sister|brother|mother|"
    r"father|mom|mum|dad|dog|cat|puppy|kitten|horse|parrot|rabbit|fianc[eé]e?|niece|"
    r"nephew|grandson|granddaughter"
)
_KIN = re.compile(
    rf"\bmy (?:\w+ )?(?P<kin>{_RELATIVES})(?:'s name)?(?:,| is| is called| is named|"
    r" named| called)+ (?:called |named )?(?P<value>(?-i:[A-Z])[a-zà-ÿ'-]+)\b(?! is\b)",
    re.IGNORECASE,
)
_KIN_LIVES = re.compile(
    rf"\bmy (?P<kin>{_RELATIVES}) (?P<value>(?:lives|moved|works|studies) (?:in|to|"
    rf"at|for) "
    r"(?-i:[A-Z])[\w'-]+(?: (?-i:[A-Z])[\w'-]+)?)",
    re.IGNORECASE,
)
_COUNT = r"(?:an?|one|two|three|four|five|six|seven|eight|\d{1,2}|twin|both)"
_HAVE = re.compile(
    rf"\b(?:i|we)(?:'ve got| have got| have| own| got| adopted) "
    rf"(?P<value>{_COUNT} (?:(?:young|little|small|old|older|new|adult|teenage|rescue|"
    r"beautiful|lovely|electric|[\w]+-year-old) ){0,2}(?:kids?|children|child|sons?|"
    r"daughters?|dogs?|cats?|pupp(?:y|ies)|kittens?|horses?|rabbits?|pets?|brothers?|"
    r"sisters?|siblings?|cars?|motorbikes?|houses?|gardens?|greenhouse|boats?|"
    r"grandchildren|grandkids|parrots?|hamsters?|turtles?|fish|chickens|twins))\b",
    re.IGNORECASE,
)
_NO_LONGER = re.compile(
    r"\b(?:i|we)(?:'ve)? (?:(?:no longer|don't|do not|dont) (?:have|own|use|drive)|"
    r"(?:have )?(?:sold|got rid of|gave away|returned|cancelled|canceled)|lost) "
    r"(?P<value>(?:the|my|our|that|this|an?) (?:(?:old|new) )?[\w '-]{2,40}?)"
    r"(?P<more> any ?more)?(?=[.?!,;\n]|$| (?:and|but|so|because|yet|now|last|"
    r"yesterday|today|in|since|for|to|on|at|through|via)\b)",
    re.IGNORECASE,
)
_REALLY_ENDS = re.compile(
    r"no longer|any ?more|sold|got rid|gave away|returned|cancell?ed", re.IGNORECASE
)
_NOTHING_TO_END = re.compile(
    r"\b(?:time|money|access|idea|problem|number|account number|receipt|code|question|"
    r"patience|interest|password|pin|code|ssn|clue|choice|orders?|bookings?|flights?|"
    r"reservations?|appointments?|tickets?|payments?|membership|plan|subscription|"
    r"tariff|parcels?|packages?)\b",
    re.IGNORECASE,
)
_NO_LONGER_LIVES = re.compile(
    r"\bi (?:no longer|don't|do not) live (?:in|at) (?P<value>(?-i:[A-Z])[\w'-]+"
    r"(?: (?-i:[A-Z])[\w'-]+)?)(?: any ?more)?",
    re.IGNORECASE,
)
_ORIGIN = re.compile(
    r"\bi(?:'m| am|m)? (?:originally |come |was born |grew up )*(?:from|in) "
    r"(?P<value>(?-i:[A-Z])[\w'-]+(?: (?-i:[A-Z])[\w'-]+)?)",
    re.IGNORECASE,
)
_ORIGIN_WORDS = re.compile(r"originally|come|born|grew up|from", re.IGNORECASE)
_HOBBY = re.compile(
    r"\b(?:in my (?:free|spare) time,? i (?:like |love |enjoy )?(?:to )?|my "
    r"(?:favou?rite )?"
    r"hobb(?:y|ies) (?:is|are) )(?P<value>[^.?!,;\n]{3,50})",
    re.IGNORECASE,
)


def work(said: Utterance) -> Iterator[Finding]:
    """Occupation and employer."""
    for pattern in (_WORK, _IS_PROFESSION):
        for match in pattern.finditer(said.text):
            yield _of(match, "occupation")
    for match in _EMPLOYER.finditer(said.text):
        yield _of(match, "employer")


def family(said: Utterance) -> Iterator[Finding]:
    """Named relatives and pets, and where they live: never the customer's own city."""
    for match in _KIN.finditer(said.text):
        found = _of(match, f"{match['kin'].lower()}_name")
        sentence = f"Has a {match['kin'].lower()} called {found.value}."
        yield _with(found, sentence)
    for match in _KIN_LIVES.finditer(said.text):
        found = _of(match, f"{match['kin'].lower()}_lives")
        yield _with(found, f"Has a {match['kin'].lower()} who {found.value}.")


def belongings(said: Utterance) -> Iterator[Finding]:
    """Family, animals and things the customer says she has, or has no longer."""
    for match in _HAVE.finditer(said.text):
        yield _of(match, "has")
    for match in _NO_LONGER.finditer(said.text):
        ending = _REALLY_ENDS.search(match.group())
        if ending and not _NOTHING_TO_END.search(match["value"]):
            yield _ended(match, "product")
    for match in _NO_LONGER_LIVES.finditer(said.text):
        yield _ended(match, "city")


def background(said: Utterance) -> Iterator[Finding]:
    """Where the customer comes from and what she does for pleasure."""
    for match in _ORIGIN.finditer(said.text):
        if _ORIGIN_WORDS.search(match.group()[: -len(match["value"])]):
            yield _of(match, "origin", 0.75)
    for match in _HOBBY.finditer(said.text):
        yield _of(match, "hobby", 0.75)


def _of(match: re.Match[str], key: str, confidence: float = 0.85) -> Finding:
    start, end = trimmed(match.string, *match.span("value"))
    return Finding(key, match.string[start:end], start, end, confidence)


def _with(found: Finding, sentence: str) -> Finding:
    return Finding(
        found.key,
        found.value,
        found.start,
        found.end,
        found.confidence,
        certain=True,
        sentence=sentence,
        entities=(found.value,),
    )


def _ended(match: re.Match[str], key: str) -> Finding:
    start, end = trimmed(match.string, *match.span("value"))
    value = re.sub(
        r"^(?:the|my|our|that|this|an?) ",
        "",
        match.string[start:end],
        flags=re.IGNORECASE,
    )
    start = end - len(value)
    return Finding(
        key, value, start, end, 0.85, ends=True, sentence=f"No longer: {value}."
    )
