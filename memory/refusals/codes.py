"""Passwords, PINs, one-time codes and answers to security questions, by their names."""

import re
from collections.abc import Iterator

from memory.refusals.asked import Asked
from memory.refusals.finding import Found

_NO_VALUE = (
    r"(?:and|but|please|so|for|not|i|or|wrong|incorrect|expired|invalid|broken|rejected|"
    r"refused|still|no|never|too|also|correct|saved|gone|locked|reset|required|needed|"
    r"blocked|weak|ok|okay|fine|working|changed|lost|forgotten|asking|it|what|that|there|"
    r"now|always|really|an?|accepted|denied|different|unknown|being|my|your|our|the|log|"
    r"access|get|be|see|enter|sign|use|work|via|by|mail|when|which|how|where|because|"
    r"does|did|do|keeps?|has|have|will|would|can|could|cannot|can't|doesn't|isn't|won't|"
    r"to|protected|only|just|again|already|needs?|should|must|something|this|if|after|"
    r"before|since|every|declined|old|good|same|safe|stolen|charged|missing|in|on|at|"
    r"with|from|of|as|is|was|are|were|been|linked|registered|"
    r"required|listed|verified|sent|empty|damaged|blank|scratched|hard)"
)
"""What follows "my password is" and is no password: "wrong", "not working"."""

_NAMED = re.compile(
    r"\b(?P<name>pass ?words?|pass ?codes?|pass ?phrases?|pwd|"
    r"pin(?: ?(?:code|number|no))?|"
    r"ssn|social security(?: (?:number|no))?|soc(?:ial)?(?= is)|cvv2?|cvc2?|"
    r"(?:one[- ]time|security|verification|login|access|auth\w*|2fa|otp|sms|"
    r"confirmation text) (?:code|pin|answer|pass\w*)|security number|otp|"
    r"secret (?:word|answer|question)|"
    r"(?:my )?mother'?s maiden name|(?:credit|debit|bank)? ?card (?:number|no|num)|"
    r"(?:last|final) (?:four|4) (?:\w+ )?(?:of (?:\w+ ){0,4})?|"
    r"passport(?: (?:number|no))?|driver'?s? ?licen[cs]e(?: (?:number|no))?|"
    r"national (?:id|insurance|identity)(?: (?:number|no|card))?|"
    r"identity card(?: number)?|"
    r"tax(?:payer)?[ -]?(?:id|number|file number)(?: number)?|"
    r"aadhaa?r(?: (?:card|number|no))?|bsn|burgerservicenummer|"
    r"rijksregisternummer|num[ée]ro national|num[ée]ro de s[ée]curit[ée] sociale|"
    r"steuer-?(?:id\w*|nummer)|pesel|personnummer|cpr(?:-?nummer)?|"
    r"f[øo]dselsnummer|henkil[öo]tunnus|codice fiscale|"
    r"(?-i:CPF|CURP|DNI|NIE|NIR|NINO|TFN)|ni number|pps number|"
    r"iban|routing(?: number)?|sort code|bank account(?: (?:number|no))?|"
    r"api[ -]?(?:key|token|secret)|access token|secret key|private key|"
    r"mot de passe|code (?:pin|secret)|passwort|kennwort|contrase[ñn]a|wachtwoord|"
    r"pincode|senha|has[łl]o|l[öo]senord|parola d'ordine|clave secreta)"
    r"(?: (?:number|num|no|code|of mine|digits?))*\.?"
    r"(?:\s*(?::|=|#|(?<!\w)-|-(?=\s))\s*"
    r"|\s+(?:is|are|was|to|as|est|ist|es|[èé]|[äa]r|er|lautet)\s*:?\s*"
    r"|\s+(?=\S*\d)"
    r"|(?<=word)\s+(?!(?:on|for|in|at|with|reset|and|or)\b)(?=\w+ \d))"
    rf"(?P<value>(?:(?!{_NO_VALUE}\b(?![\w!@#$%^&*-]))[^\s,;?]+)"
    r"(?: (?=\S*\d)\S+){0,4})",
    re.IGNORECASE,
)
_TRAILING_NAME = re.compile(
    r"(?P<value>(?<!\w)[\w-]{0,40}\d[\w-]{0,30}(?: [\w-]{1,12}){0,3})\s+(?:is|are)\s+(?:my|the)\s+(?:last "
    r"(?:four|4)|"
    r"pass\w+|pin|ssn|social|cvv|otp|(?:security|verification|one-?time) code)\b"
    r"|(?<!\w)(?P<digits>\d{3,9}) is (?:the |my )?ssn\b"
    r"|(?<![\w])(?P<token>(?!(?:what|where|which|this|that|here|there|when)\b)"
    r"[^\s,;]{4,60}) is (?:my |the )(?:new |old |current )?"
    r"(?:password|passcode|pin|passphrase)\b",
    re.IGNORECASE,
)
_CHANGED_TO = re.compile(
    r"\bpass(?:word|code|phrase)[^.?!\n]{0,40}\b(?:changed?|set|reset)\b"
    r"[^.?!\n]{0,20}\bto\s+"
    r"(?P<value>(?=\S*[\d!@#$%^&*])\S{4,})"
    r"|\b(?:changed?|set|reset)\b[^.?!\n]{0,20}\bpass(?:word|code|phrase)[^.?!\n]{0,40}"
    r"\bto\s+(?P<value2>(?=\S*[\d!@#$%^&*])\S{4,})"
    r"|\b(?:log ?in|logged in|sign(?:ed)? in) with (?P<pair>\S+ ?/ ?\S+)",
    re.IGNORECASE,
)
_TEXTED = re.compile(
    r"\b(?:code|otp)\b[^.?!\n\d]{0,40}\b(?:texted|sms|sent me|got by (?:text|mail)|"
    r"received|on my phone)\b[^.?!\n\d]{0,20}(?P<value>\d(?:[ -]?\d){3,7})(?!\d)"
    r"|\b(?:texted|sent) me (?:the |a )?(?:code )?(?P<value2>\d(?:[ -]?\d){3,7})(?!\d)",
    re.IGNORECASE,
)
_LAST_FOUR = re.compile(
    r"\b(?:last|final) (?:four|4)\b(?: \w+){0,5}?(?: (?:is|are|was)|\s*[:=])?\s+"
    r"(?P<value>\d{4})(?!\d)",
    re.IGNORECASE,
)
_CODE_TOKEN = re.compile(r"(?<![\w@.])(?=[\w-]*\d)[\w-]{3,}(?![\w@])")
_SECRET_LENGTHS = (3, 4, 9)
"""Digits of a card's check code, a PIN or last four, and a national id."""
_SHORT_ANSWER = 3
"""Words an answer may have to be taken for the secret as a whole."""
_NO_ANSWER = re.compile(
    r"(?:yes|yeah|no|nope|ok(?:ay)?|sure|hi|hello|thanks?(?: you)?|one (?:sec|moment)|"
    r"wait|why|what|please|sorry|hold on|never ?mind|i don'?t know|just a moment)"
    r"(?:\W+(?:please|thanks|sure|ok|why|it|now|then|a|sec\w*|moment))*\W*",
    re.IGNORECASE,
)
_KINDS = (
    (re.compile(r"card|last|final", re.IGNORECASE), "card number"),
    (re.compile(r"cvv|cvc|security number", re.IGNORECASE), "card code"),
    (re.compile(r"key|token|api", re.IGNORECASE), "access key"),
    (re.compile(r"iban|routing|sort|bank", re.IGNORECASE), "bank account"),
    (
        re.compile(
            r"pass ?(?:word|code|phrase)|pwd|mot de|wort$|contras|wacht|senha|has|"
            r"senord|parola|clave|auth|login|access",
            re.IGNORECASE,
        ),
        "password",
    ),
    (re.compile(r"passport|licen", re.IGNORECASE), "identity document"),
    (re.compile(r"\bpin|pincode|otp|code|sms", re.IGNORECASE), "code"),
    (re.compile(r"maiden|secret|security (?:answer)", re.IGNORECASE), "secret answer"),
)


def codes(text: str, asked: Asked = Asked()) -> Iterator[Found]:  # noqa: B008 - immutable
    """Yield what is named as a secret, or answers a question for one."""
    for match in _NAMED.finditer(text):
        yield Found(*match.span("value"), _kind(match["name"]))
    for pattern, kind in (
        (_TRAILING_NAME, "secret"),
        (_LAST_FOUR, "card number"),
        (_CHANGED_TO, "password"),
        (_TEXTED, "code"),
    ):
        for match in pattern.finditer(text):
            yield Found(*match.span(match.lastgroup or 0), kind)
    yield from _answers(text, asked)


def _answers(text: str, asked: Asked) -> Iterator[Found]:
    """Yield what answers a question for a secret: codes that answer nothing else."""
    if not asked.secret:
        return
    for match in _CODE_TOKEN.finditer(text):
        code = match.group()
        if not asked.others or (code.isdigit() and len(code) in _SECRET_LENGTHS):
            yield Found(*match.span(), "secret")
    short = len(text.split()) <= _SHORT_ANSWER and "@" not in text
    if not asked.others and short and not _NO_ANSWER.fullmatch(text.strip()):
        yield Found(0, len(text), "secret")


def _kind(name: str) -> str:
    return next((kind for named, kind in _KINDS if named.search(name)), "national id")
