"""Reads what a customer's message wants, by its words."""

import re

from memory.refusals import has_mark, secrets

_PERSON = (
    r"(?:human|person|agent|representative|rep|operator|manager|supervisor|colleague"
    r"|advisor|adviser|staff|somebody|someone|support team|real(?! estate))"
)
# "An agent for house insurance" is a wish for something else than a talk.
_NO_TRADE = r"(?!\W+(?:for|of|in)\W+(?!(?:this|that|it|me|help|my|the|a)\b))"
_NAME = (
    r"(?!(?:you|your|my|our|the|an?|him|her|them|it|me|this|that|us)\b)[a-z]+"
    r"(?:\W+\w+)?(?:\W+(?:please|again|now))*\W*$"
)
_WANTS_PERSON = re.compile(
    rf"""
    \b(?:speak|talk|chat|write|connect|transfer|escalate|hand|pass|get|give|put|need
        |want|like|call)\b
      (?:\W+(?:me|this|it|over|through|you|to|with|a|an|the|your|another|any|in|touch
        |have|real|live|actual|human|please|directly|would|could))*\W+{_PERSON}\b
      {_NO_TRADE}
    | ^\W*(?:a\ |real\ |live\ |human\ )*{_PERSON}(?:\ agent|\ being|\ person)?
      (?:\W+please)?\W*$
    | \b(?:any(?:one|body)|is\ there|are\ there)\W+(?:\w+\W+){{0,2}}
      (?:real|human|person|people)\b
    | (?:^\W*(?:please\ )?|\b(?:can|could|may|might)\ i\ (?:please\ )?
        |\b(?:want|need|like|prefer|wish)\ to\ |\b(?:let|put)\ me\ )
      (?:speak|talk)\W+(?:to|with)\W+{_NAME}
    | \b(?:real|actual|live)\ (?:person|human|agent)\b{_NO_TRADE}
    """,
    re.IGNORECASE | re.VERBOSE,
)
_REFUSES_PERSON = re.compile(
    r"\b(?:don'?t|do not|no need to|not) (?:want|need|have|talk|speak|like)\b",
    re.IGNORECASE,
)
_HELLO = (
    r"(?:hi+|hello|hey|hiya|hola|hallo|bonjour|ciao|hej|howdy|greetings"
    r"|good (?:morning|afternoon|evening|day))"
)
_GREETING = re.compile(
    rf"^\W*(?:{_HELLO})(?:\W+(?:there|again|all|team|everyone|how are you"
    r"|are you there|anyone there|\w{2,12}))?"
    r"(?:\W+(?:how are you|are you there)\w*)?\W*$",
    re.IGNORECASE,
)
_WHO = re.compile(
    r"\bare you (?:a |an )?(?:ro)?(?:bot|robot|machine|computer|ai|automat\w+)\b"
    r"|\b(?:who|what) are you\b|\bam i (?:talking|speaking|chatting) (?:to|with)\b",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|great|perfect|super|cool|nice|lovely|good|alright|no|oh|ah"
    r"|wonderful|brilliant)\W+)*(?:that'?s (?:all|it|great|perfect|fine|helpful)\W*"
    r"(?:for now\W*)?)?(?:many )?(?:thanks?|thank you|thx|ty|cheers)\b"
    # "Thanks, but where is it" says more than thanks.
    r"(?!.*\b(?:but|where|when|what|which|how|can|could|do you|is it"
    r"|and (?:the|my|is))\b)[^?]{0,60}$",
    re.IGNORECASE,
)
_GOODBYE = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|thanks?)\W+)*(?:good ?bye|bye(?: bye)?|see you|have a (?:nice"
    r"|good|great)\b[^?]*|that(?:'s| is| will be) all[^?]*|nothing else[^?]*)\W*$",
    re.IGNORECASE,
)
_YES = re.compile(
    r"^\W*(?:yes|yeah|yep|sure|ok(?:ay)?|please|please do|go ahead|do that|definitely"
    r"|correct)(?:\W+(?:please|do|that|would be|great|good|thanks|thank you|it|is"
    r"|go ahead))*\W*$",
    re.IGNORECASE,
)
_NO = re.compile(
    r"^\W*(?:no|nope|not now|no need|never ?mind|forget it|leave it|nothing)"
    r"(?:\W+(?:thanks|thank you|it|is|fine|need|that'?s|all|ok|okay))*\W*$",
    re.IGNORECASE,
)
_QUESTION_START = re.compile(
    r"^\W*(?:(?:so|and|but|also|hi|hello|hey|hola|ok|okay|thanks|thank you|ah|oh|well"
    r"|sorry|please|great|no|yes)\W+)*(?:who|what|where|when|why|which|how"
    r"|what'?s|where'?s|wheres|whats|hows|can|could|do|does|did|is|are|was|were|will|would|has|have|may|should|any)\b",
    re.IGNORECASE,
)


def wants_person(text: str) -> bool:
    """Say whether the customer asks for a human being."""
    return bool(_WANTS_PERSON.search(text)) and not _REFUSES_PERSON.search(text)


def is_greeting(text: str) -> bool:
    """Say whether the message only says hello."""
    return bool(_GREETING.match(text)) and not is_yes(text)


def asks_who_we_are(text: str) -> bool:
    """Say whether the customer asks what it is that answers."""
    return bool(_WHO.search(text))


def is_thanks(text: str) -> bool:
    """Say whether the message only says thank you."""
    return bool(_THANKS.match(text))


def is_goodbye(text: str) -> bool:
    """Say whether the message only takes leave."""
    return bool(_GOODBYE.match(text))


def is_yes(text: str) -> bool:
    """Say whether the message only agrees."""
    return bool(_YES.match(text))


def is_no(text: str) -> bool:
    """Say whether the message only declines."""
    return bool(_NO.match(text))


def is_question(text: str) -> bool:
    """Say whether something is asked, with or without a question mark."""
    return "?" in text or bool(_QUESTION_START.match(text))


def holds_secret(text: str) -> bool:
    """Say whether a card number or a password is in the text."""
    return has_mark(text) or bool(secrets(text))
