"""What the customer wants done, and what went wrong."""

import re
from collections.abc import Iterator

from memory.extraction.dialogue import Utterance
from memory.extraction.findings import Finding, trimmed

_VERBS = (
    r"return|exchange|cancel|change|update|check|track|upgrade|downgrade|renew|extend|"
    r"refund|reset|close|delete|open|transfer|dispute|replace|repair|reschedule|"
    r"postpone|"
    r"book|reorder|order|buy|purchase|report|claim|subscribe|unsubscribe|sign up|"
    r"speak to|talk to|switch|get|remove|add|make a complaint|file|confirm|sell|fix"
)
_WANTS = re.compile(
    r"\b(?:i|we)(?:'d| would)? ?(?:really |just |also |still |actually |now )*"
    r"(?:want|need|like|love|wish|wanted|am trying|'m trying|am looking|'m looking|"
    r"am hoping|have|was hoping|plan|intend)(?:ed|ing)? ?(?:you )?to "
    rf"(?P<value>(?:{_VERBS})\b[^.?!,;\n]{{2,70}})",
    re.IGNORECASE,
)
_END = re.compile(
    r"(?:,| (?:but|because|since|so|as (?:they|it|i)|please|can you|could you|"
    r"is that|and (?:i|was|it|want|need)|if|due to))\b.*$",
    re.IGNORECASE,
)
_IDENTIFIER = re.compile(r"\d{5,}|@")
_VAGUE = re.compile(r"^\w+ (?:it|that|this|them|you|one|some)\b", re.IGNORECASE)
_WENT_WRONG = re.compile(
    r"\b(?P<value>(?:my|the|our|one of (?:my|the)|this) (?:new )?(?:[\w'-]+ ){1,4}?"
    r"(?:(?:has |have |is |are |was |were |just |never |keeps? |arrived |came |does "
    r"?n[o']?t |"
    r"do ?n[o']?t |did ?n[o']?t |is ?n[o']?t |wo ?n[o']?t |has ?n[o']?t |still |not "
    r"|been )+)"
    r"(?:(?:getting |a |an )?(?:broken|damaged|cracked|defective|faulty|torn|scratched|"
    r"stolen|lost|missing|late|wrong|dead|empty|leaking|stained|rejected|declined|"
    r"crashing|freezing|frozen|disconnecting|work(?:ing)?|charg(?:e|ing)|"
    r"turn(?:ing)? on|"
    r"start(?:ing)?|load(?:ing)?|open(?:ing)?|arrived?|delivered|received|refunded|"
    r"shipped|connect(?:ing)?|sync(?:ing)?|overheating|slow|fit|shut(?:ting)? down|"
    r"expired|overcharged|charged))\b(?: (?:twice|yet|anymore|any more|on my "
    r"[\w ]+?))?)",
    re.IGNORECASE,
)
_SUFFERED = re.compile(
    r"\b(?:i|we)(?:'ve| have| had| just| never| accidentally| accidently)* "
    r"(?P<value>(?:got|received|ordered (?:the|a|an|my) wrong|was sent|were sent|"
    r"was charged|were charged|"
    r"lost|forgot|can'?t|cannot|could ?n[o']?t|am unable to|never (?:got|received)|"
    r"have not received|haven't received|did ?n[o']?t (?:get|receive)|"
    r"am having (?:a )?(?:trouble|problems?|issues?) with)\b"
    r"(?:(?! came\b| arrived\b)[^.?!,;\n]){2,60})",
    re.IGNORECASE,
)
_CAME_WITH = re.compile(
    r"\b(?P<value>(?:my|the|this|it) ?(?:[\w'-]+ ){0,5}?(?:came|arrived) with "
    r"[^.?!,;\n]{2,50})",
    re.IGNORECASE,
)
_BAD = re.compile(
    r"\b(?:wrong|twice|double|too (?:much|small|large|big)|damaged|broken|defective|"
    r"lost|forgot|can'?t|cannot|n[o']t|not|never|unable|trouble|problems?|issues?|"
    r"crack\w*|missing|scratch\w*|stain\w*|hole|"
    r"dent\w*|tear|torn|faulty|empty|rejected|declined)\b",
    re.IGNORECASE,
)
_SERVICE = re.compile(
    r"\b(?:orders?|ordered|items?|packages?|parcels?|deliver\w*|refund\w*|accounts?|"
    r"log\w*|"
    r"sign\w*|user ?names?|charge[ds]?|bill\w*|pay\w*|cards?|codes?|coupons?|promo\w*|"
    r"(?:web)?site|apps?|checkout|cart|size|colou?r|products?|e?mails?|invoices?|"
    r"subscription|ship\w*|connect\w*|internet|wi-?fi|phone|screen|updat\w*|software|"
    r"access|book\w*|tickets?|seats?|claims?|return\w*|received? (?:it|them|anything)|"
    r"laptop|computer|printer|tv|router|settings?|password|page|discount|download|"
    r"install\w*|confirmation|receipt|voucher|skype|outlook|service)\b",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"^(?:can'?t|cannot|could ?n[o']?t) (?:wait|believe|thank|complain|say|afford|tell|"
    r"help|remember|stand|imagine|think|you)|password|\bpin\b|\bif\b",
    re.IGNORECASE,
)
_TROUBLE = re.compile(
    r"\b(?:i'm|i am|we are|we're|i have|having) (?:also )?(?:having )?(?:some |a |an )?"
    r"(?P<value>(?:trouble|problems?|issues?|difficulty|difficulties) (?:with|logging|"
    r"connecting|getting|on) [^.?!,;\n]{2,50})",
    re.IGNORECASE,
)


def intents(said: Utterance) -> Iterator[Finding]:
    """What the customer says she wants to do."""
    for match in _WANTS.finditer(said.text):
        start = match.start("value")
        phrase = _END.sub("", match["value"])
        start, end = trimmed(said.text, start, start + len(phrase))
        value = said.text[start:end]
        if (
            len(value.split()) > 1
            and not _IDENTIFIER.search(value)
            and not _VAGUE.match(value)
        ):
            yield Finding("intent", value, start, end, 0.75)


def issues(said: Utterance) -> Iterator[Finding]:
    """What the customer says is broken, late, lost or wrong."""
    for pattern in (_WENT_WRONG, _CAME_WITH, _SUFFERED, _TROUBLE):
        for match in pattern.finditer(said.text):
            phrase = _END.sub("", match["value"])
            start, end = trimmed(
                said.text, match.start("value"), match.start("value") + len(phrase)
            )
            value = said.text[start:end]
            if _WEAK.search(value):
                continue
            if pattern is not _WENT_WRONG and not _BAD.search(value):
                continue
            if pattern in (_SUFFERED, _TROUBLE) and not _SERVICE.search(value):
                continue
            yield Finding("issue", value, start, end, 0.8)
