"""What may not be taken at its word: questions, suppositions, quotes, other people."""

import re
from dataclasses import dataclass

_SENTENCE = re.compile(r"[^.?!;\n]+(?:[.](?=\w)[^.?!;\n]*)*[.?!;]*")
_ASKING = re.compile(
    r"^\W*(?:(?:hi|hello|hey|ok|okay|so|and|but|well|please|sorry)\b[\s,]*)*"
    r"(?:what|how|when|where|why|who|which|can|could|do|does|did|is|are|am|was|were|"
    r"will|would|should|shall|may|might|have you|has|any)\b(?! be\b)",
    re.IGNORECASE,
)
_NEW_CLAUSE = re.compile(
    r"[,;:]| - |\b(?:can|could|would|will|do|does|what|how|is|are|should|may)\b",
    re.IGNORECASE,
)
_SUPPOSING = re.compile(
    r"\b(?:if|unless|suppose|supposing|imagine|were to|pretend|hypothetically|"
    r"in case|wish|would have|could have|thinking (?:of|about)|considering|"
    r"(?:i|we)(?: should| ought to|(?: am|'m|'re| are| was| were) supposed to) "
    r"(?:already |now )?be|might|maybe|perhaps|someday|used to think|whether|"
    r"dream(?:ed|t|ing)?)\b",
    re.IGNORECASE,
)
_HEDGED = re.compile(
    r"\b(?:might|may (?:be|have)|maybe|perhaps|probably|possibly|not (?:so |quite |"
    r"really |entirely |100 ?% )?(?:sure|certain)|i(?:'m)? guess(?:ing)?|i think|"
    r"i believe|i suppose|i assume|as far as i (?:know|remember|recall)|if i "
    r"(?:remember|recall)(?: correctly| right| well)?|could be|don'?t (?:quite |"
    r"really )?(?:remember|recall|know)|can'?t (?:remember|recall)|or something|"
    r"or so|something like|apparently|supposedly|allegedly|according to)\b",
    re.IGNORECASE,
)
_INTENDED = re.compile(
    r"\b(?:planning|plan to|hoping|hope to|going to|(?:would|'d) (?:love|like) to|"
    r"want to|one day|next (?:week|month|year|spring|summer|autumn|winter)|"
    r"(?:hope|hoped|thought|told|expect|expected|assumed)(?: that| me)? (?:i|we)"
    r"(?:'m|'d|'re)?|(?:i|we) (?:was|were) (?:once |still |never )?an?|back then|"
    r"in the past|at the time|formerly|previously|when i was)\b",
    re.IGNORECASE,
)
_SETS_RIGHT = re.compile(
    r"\b(?:change|update|replace|set|correct|switch|move|send|deliver|ship|use|add|put)\b",
    re.IGNORECASE,
)
_RELATIVE = (
    r"(?:brother|sister|mother|mom|mum|father|dad|parents?|son|daughter|wife|husband|"
    r"partner|boyfriend|girlfriend|friends?|boss|manager|colleague|coworker|co-worker|"
    r"neighbou?rs?|cousin|uncle|aunt|nephew|niece|grand(?:mother|father|ma|pa)|"
    r"roommate|flatmate|landlord|assistant|kids?|child|children|fianc[eé]e?|team|"
    r"mother-in-law|father-in-law|son-in-law|daughter-in-law|doctor|lawyer|tenant)"
)
_THIRD_PARTY = re.compile(
    rf"\b(?:my|our|a|the|his|her|their) (?:\w+ )?{_RELATIVE}(?:'s)?\b"
    r"|\b(?:he|she|they|he's|she's|they're|his|her|their|somebody|someone)\b"
    r"|\b(?:some people|people|everyone|your (?:colleague|agent|site|website|rep))\b",
    re.IGNORECASE,
)
_REPORTED = re.compile(
    rf"\b(?:{_RELATIVE}|he|she|they|you|somebody|someone|(?:your|the) (?:colleague|"
    r"agent|rep|shop|store|site|website|page|screen|app|system|letter|e-?mail|bot)) "
    r"(?:just |once )?(?:says?|said|thinks?|claims?|believes?|promised|wrote|insists?|"
    r"shows?|told (?:me|us))\b",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"\b(?:i|i'm|i've|im|we|we're)\b", re.IGNORECASE)
_JOKING = re.compile(
    r"\b(?:just kidding|kidding|joking|jk|lol|lmao|haha\w*|hehe|rofl)\b|[😂🤣😜]|/s\b",
    re.IGNORECASE,
)
_QUOTE = re.compile(r"\"[^\"\n]*\"|«[^»]*»|^>.*$", re.MULTILINE)


# A clause after a hedge is not hedged by it: "I'm not sure why, but I live in Ghent".
_JOINS = re.compile(r"\b(?:but|however|anyway)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a stretch of text stands in its sentence.

    ``intended`` is of another time than now: meant for later, or long ago;
    ``checking`` is a question that asks to change nothing: "Is my e-mail still …?"
    """

    question: bool
    supposed: bool
    quoted: bool
    third_party: bool
    joking: bool
    hedged: bool
    intended: bool
    checking: bool

    @property
    def plain(self) -> bool:
        """Whether the customer states it about herself."""
        return not (self.question or self.supposed or self.quoted or self.third_party)


def standing(text: str, start: int, end: int) -> Standing:
    """Judge ``text[start:end]`` by the sentence it stands in."""
    left, right = sentence_bounds(text, start)
    sentence, before = text[left:right], text[left:end]
    question = _asks(sentence, end - left)
    hedged = _HEDGED.search(sentence)
    return Standing(
        question=question,
        supposed=bool(_SUPPOSING.search(before)),
        hedged=hedged is not None
        and not _JOINS.search(sentence[hedged.end() : end - left]),
        intended=bool(_INTENDED.search(before)),
        checking=question and not _SETS_RIGHT.search(before),
        quoted=any(q.start() < start and end < q.end() for q in _QUOTE.finditer(text)),
        third_party=_speaks_of_another(text[left:start]),
        joking=bool(_JOKING.search(text)),
    )


def sentence_bounds(text: str, at: int) -> tuple[int, int]:
    """Start and end of the sentence that holds the character at ``at``."""
    for match in _SENTENCE.finditer(text):
        if match.start() <= at < match.end():
            return match.span()
    return 0, len(text)


def _asks(sentence: str, end: int) -> bool:
    """Whether the clause that ends at ``end`` is (part of) a question."""
    if _ASKING.match(sentence):
        return True
    return sentence.rstrip().endswith("?") and not _NEW_CLAUSE.search(sentence[end:])


def _speaks_of_another(before: str) -> bool:
    """Whether the last person named before the value is not the customer."""
    if _REPORTED.search(before):
        return True
    others = [m.end() for m in _THIRD_PARTY.finditer(before)]
    if not others:
        return False
    own = [m.end() for m in _FIRST_PERSON.finditer(before)]
    return not own or max(own) < max(others)
