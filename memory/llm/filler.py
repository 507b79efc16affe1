"""What carries nothing in a support chat: greetings, thanks, "one moment please"."""

import re

from memory.llm.words import QUESTION_MARKS, content_words, straight

NUMBERED = re.compile(r"[#€$£]\s?\d|\d{2,}|\b\w+@\w+\.\w+|\b[A-Z]{1,5}-\d{2,}")
"""An amount, a number or an e-mail address: what has one is never filler."""

_DAY = r"(?:day|one|time|evening|night|afternoon|morning|weekend|week)"
_GOOD = (
    r"(?:very |really )?(?:nice|good|great|wonderful|lovely|fantastic|pleasant|blessed)"
)
_PHRASES = (
    # Greetings and goodbyes, also in the languages of the neighbours.
    r"hi+|hello+|hey|hai|hiya|ho|dear|welcome(?: (?:to|back)[\w ]*)?|bye(?: bye)?"
    r"|goodbye",
    r"see you(?: (?:soon|then|later))?|take care|good (?:morning|afternoon|evening|day"
    r"|night)",
    r"hallo|bonjour|salut|hola|ciao|guten (?:tag|morgen|abend)|tsch[üu]ss|au revoir"
    r"|adi[óo]s",
    r"danke(?: sch[öo]n| sehr)?|vielen dank|bitte(?: sehr)?|merci(?: beaucoup| bien)?"
    r"|(?:muchas )?gracias|(?:mille )?grazie|dank (?:je|u)(?: wel)?|bedankt"
    r"|obrigad[oa]",
    # Thanks and their answers.
    r"(?:many )?thank(?:s| ?you|u)?(?: so much| very much| a lot| again| anyway)*|ty"
    r"|thx",
    r"(?:it(?:'s| is| was)? )?(?:a |my )?pleasure(?: to (?:help|assist)(?: you)?)?"
    r"|you(?:'re| are) (?:very |most )?welcome|(?:it(?:'s| is| was) )?not?(?: a)?"
    r" (?:proble\w*|worries)|np"
    r"|anytime",
    r"for (?:contacting|reaching out|your patience|waiting|your (?:time|help|support"
    r"|information\w*)|the (?:help|info\w*)|being|asking|letting me know)[\w ]*"
    r"|your informations?",
    # Yes, no, well.
    r"ok(?:ay)?|sure|great|perfect|yes|yeah|yep|yup|no|nope|alright|all right|cool"
    r"|fine|good",
    r"of course|got it|i (?:see|understand)|understood|wow|awesome|exactly|right"
    r"|correct|oh|ah"
    r"|oops|well|then|now|so|and|too|there|please|kindly|sir|madam|ma'?am|guys|really"
    r"|very"
    r"|again|indeed|absolutely|definitely|certainly|excellent|wonderful|fantastic|so"
    r" much",
    r"(?:that |this |it )?sounds? (?:good|great|fine|perfect)|(?:that|this|it)(?:'s|"
    r" is| was)?"
    r" (?:good|great|perfect|fine|awesome|correct|right|all|it|everything|wonderful)"
    r"(?: to know| to hear)?|that (?:will|would|does) (?:be|do)(?: it| all| great|"
    r" perfect)?",
    r"(?:that(?:'s| is|s)? )?(?:all|everything)(?: (?:i|for|need|needed|want|wanted"
    r"|now|today"
    r"|me|have|thanks?|done|good|set|taken|care|of|is))*",
    r"(?:no )?nothing(?: else| more)?|no more|i(?:'m| am) (?:good|fine|done|all set)"
    r"|how(?: are you|'s it going)(?: doing)?(?: today)?|(?:i(?:'m| am) )?doing"
    r" (?:well|good)",
    # The desk at work.
    r"(?:just |give me |please |kindly )*(?:a|one|1) (?:quick )?(?:moment|second|sec"
    r"|minute|min)"
    r"(?: please)?(?: while[\w ]*)?",
    r"(?:please )?(?:wait|hold|bear with me|stay)(?: on)?(?: (?:a|one) \w+| for me|"
    r" please)*",
    r"(?:(?:let me|allow me to|please) (?:just |quickly |now )*)?"
    r"(?:(?:take a )?look|check|see)(?: (?:that|this|it|into|at|up|on|for|to|with|you"
    r"|your|the"
    r"|our|system|account|order|info\w*|details|what|i|can|do|about|right|away|now"
    r"|help))*",
    r"(?:i(?:'ll| will|'d| would|'m| am| can| could)?(?: be)?(?: (?:more than|very"
    r"|so))?"
    r"(?: (?:happy|glad|able))? ?(?:to )?)?(?:help|assist)(?: (?:you|with|that|this"
    r"|out|today"
    r"|in|any|way|your))*",
    r"(?:i(?:'m| am) )?(?:happy|glad)(?: i(?: could| can|'ve been able to)?)?(?: to)?"
    r"(?: (?:help|assist|hear)\w*)?(?: (?:you|that|it))*",
    r"(?:how|what) (?:can|may|could|else can) (?:i|we) (?:help|assist|do)(?: (?:you"
    r"|for|with"
    r"|out|today))*",
    r"(?:(?:is|was) there )?any(?:thing)? ?(?:else|more|other)(?: (?:i|we|you|can"
    r"|could|may"
    r"|help|do|assist|with|need|today|for|that|questions?|issues?|concerns?))*"
    r"|(?:do you )?(?:need )?any ?more help",
    r"(?:i(?:'ve| have)? )?(?:pulled|brought) up(?: \w+){0,3}"
    r"|i (?:can |could )?(?:now )?see (?:your|the) (?:account|order|details)(?: now)?",
    rf"(?:i hope (?:that )?(?:you )?)?(?:please )?(?:have|enjoy)(?: (?:yourself|a|an"
    rf"|the|your"
    rf"|rest|of|{_GOOD}|{_DAY}|today|ahead))*",
    r"(?:i(?:'m| am) |we(?:'re| are) )?(?:so |very |really |truly )*sorry(?: (?:to|you"
    r"|i|we|for"
    r"|about|hear|that|this|the|any|your|it|happened|delay|wait(?:ed)?|so|long|mix up"
    r"|inconvenience|trouble|doubt|confusion|mixup))*"
    r"|(?:my |our )?(?:sincere )?apologies(?: for[\w ]*)?|i (?:do )?apologi[sz]e[\w ]*",
    r"i(?:'ll| will|'m)? ?wait(?:ing)?(?: for (?:you|your|it)[\w ]*)?",
)
_FILLER = tuple(
    re.compile(rf"(?:{phrase})(?!\w)[\W_]*", re.IGNORECASE) for phrase in _PHRASES
)
_PUNCTUATION = " \t.,;:!?…-()'\"*_~"
_MARK = re.compile(r"\[[^\[\]]*removed\]")
_NAMED = re.compile(
    r"^\W*(?:hi|hello|hey|thanks?|thank you|bye|good (?:morning|afternoon|evening))"
    r"\W+\w+\W*$",
    re.IGNORECASE,
)
# "My name is Sam, I'm from the billing team": who helped is no news about the customer.
_INTRODUCTION = re.compile(
    r"^\W*(?i:(?:(?:hi|hello|hey|welcome)\b[^.!?]*?\b)?(?:my name is|this is|i am"
    r"|i'm)) "
    r"[A-Z]\w+(?:,? (?:and )?(?:from|your|i(?:'ll| will) be)\b.*)?[\W_]*$"
)
# What the desk asks for without a question mark: what matters of it is in the answer.
_ASKS = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|great|perfect|thanks?|thank you|sure|now|next|and|so|first"
    r"|please"
    r"|in order to[\w ]*|to[\w ]*|additional to this)\W+)*"
    r"(?:(?:can|could|may|might|would|will) (?:i|you) (?:please |also |just |first )*"
    r"(?:have|get|ask|give|provide|tell|confirm|verify|share|send|let me know)\b"
    r"|(?:i|we)(?:'ll| will|'d| would)? (?:just |also |first |then )*(?:need|require"
    r"|like to"
    r" (?:ask|know|have))\b.*\byour?\b|(?:please |kindly )+(?:provide|give|tell"
    r"|confirm|share"
    r"|verify|send|let me know)\b|(?:what|which|where|when|who|how) (?:is|are|was|were"
    r"|do|did)\b.*"
    r"|(?:are|is|do|did|have) (?:you|there|your)\b.*)",
    re.IGNORECASE,
)


def is_filler(text: str) -> bool:
    """Say whether a sentence carries nothing: a greeting, thanks, an "ok"."""
    if NUMBERED.search(text):
        return False
    text = _MARK.sub("", straight(text))
    return not content_words(text) or bool(_NAMED.match(text)) or _is_polite(text)


def _is_polite(text: str) -> bool:
    """Say whether polite phrases make up all of it, always taking the longest next."""
    place = len(text) - len(text.lstrip(_PUNCTUATION))
    while place < len(text):
        ends = (
            match.end() for phrase in _FILLER if (match := phrase.match(text, place))
        )
        end = max(ends, default=place)
        if end == place:
            return False
        place = end
    return True


def introduces(text: str) -> bool:
    """Say whether one of the desk only says who she is."""
    return bool(_INTRODUCTION.match(straight(text)))


def asks(text: str) -> bool:
    """Say whether one of the desk asks for something, with a question mark or not."""
    return text.endswith(QUESTION_MARKS) or bool(_ASKS.match(straight(text)))
