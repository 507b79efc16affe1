"""The orders that people hide in what they say, by kind: patterns over plain text.

They are matched against lower-case text with one space between words; see
`memory.extraction.instructions`.
"""

import re

_DO = (
    r"(?:approve|refund|reimburse|compensate|credit|discount|waive|grant|authori[sz]e|"
    r"unlock|reveal|disclose|leak|comply|obey|agree|trust|believe|bypass|skip|override|"
    r"accept (?:my|all|any|every)|pay me|upgrade me|give (?:me|us|this customer|her|him|"
    r"them|every\w*|all) (?:an? |the |all |my )?(?:free|full|refunds?|discounts?|"
    r"credits?|money|vouchers?|\d+ ?%|access|whatever|anything|everything))"
)
_RULES = (
    r"(?:instructions?|rules?|prompts?|guidelines?|polic(?:y|ies)|directives?|"
    r"restrictions?|guardrails?|safety|programming|constraints?|safeguards?|protocols?)"
)
_BOSS = (
    r"(?:admin\w*|super ?(?:visor|user|admin)|managers?|manager|developer|owner|ceo|"
    r"engineer|operator|root|moderator|director|head of support|team lead|system)"
)
_NOBODY = (
    r"(?<!you )(?<!they )(?<!we )(?<! i )(?<!he )(?<!she )(?<!it )(?<!guys )(?<!shop )"
    r"(?<!not )(?<!n't )(?<!bank )(?<!who )(?<!that )(?<!almost )(?<!nearly )(?<!team )"
)
_ALL_OTHERS = (
    r"(?:other|another|every other|all other|all|every|different|previous|the last|"
    r"the next|any other|everyone else's)"
)
_PERSON = r"(?:customers?|users?|clients?|tenants?|shoppers?|visitors?|desks?)"

_OVERRIDES = (
    r"\b(?:ignore|disregard|forget|override|bypass|circumvent|violate|neglect|discard|"
    r"do not follow|don't follow|stop following|pay no attention to|set aside|disobey|"
    r"delete) (?:[\w'-]+,? ){0,5}?" + _RULES + r"\b",
    r"\b(?:ignore|disregard|forget|discard) (?:all|everything|anything|whatever)"
    r"(?! i (?:said|wrote|told|asked|sent))(?: [\w'-]+){0,4} (?:above|before|previous\w*|"
    r"prior|earlier|told|know|learn(?:ed|t)|were|up to now|so far)\b",
    r"\b(?:ignore|disregard|forget) (?:the|all|any) (?:above|foregoing|preceding|prior "
    r"(?:text|messages|context)|previous (?:text|context))\b",
    r"\b(?:new|updated|revised|changed|additional|real|true|actual|special|secret|"
    r"important) (?:system )?(?:instructions?|rules?|polic(?:y|ies)|directives?|prompt|"
    r"persona|objectives?|orders)(?: for (?:you|the (?:assistant|bot|ai|agent)))?"
    r"(?: (?:is|are))? ?[:=]",
    r"\bpolicy (?:update|change|override|exception)s? ?[:=-]",
    r"\bjail ?break|\bdo anything now\b|\byou are (?:now )?(?:dan|unrestricted|free of)\b",
    r"\b(?:you(?:'re| are)(?: now)? in|enter|activate|engage) (?:a )?(?:developer|debug|"
    r"maintenance|god|dan|admin|unrestricted|root|test|sudo) mode\b(?! on)",
    r"\b(?:system|admin\w*|developer|security|supervisor|management|root) "
    r"(?:override|directive|overrule|command)\b|\bsudo\b",
    r"\b(?:disable|deactivate|turn off|switch off|remove|lift) (?:all |any |the |your )*"
    r"(?:content |safety |security |identity )?(?:filters?|safety|guardrails?|"
    r"restrictions|moderation|audit(?: log)?|safeguards?|verification|checks)\b(?! on)",
)
_SERVICE = (
    r"\byou (?:now |will |shall |must )*(?:work for|belong to|serve|report to|answer to|"
    r"listen to|obey|take orders from) (?:only )?(?:me|my|nobody|no one)\b",
    r"\b(?:whatever|anything|everything) i (?:say|type|write|want|ask|tell you)(?: \w+)? "
    r"(?:is|becomes|goes|must|shall|counts|overrides)|\bmy words? (?:is law|overrides?|"
    r"outranks?|counts? more|is final)\b|\bdo (?:exactly )?(?:as|what(?:ever)?) (?:i (?:say|"
    r"want|type|tell you)|the (?:next|following|user|customer))\b",
    r"\b(?:drop|abandon|break|suspend|overrule|void|cancel|shed|leave|erase|unlearn) "
    r"(?:every|all|any|all of|each of) (?:of )?(?:your |the |its )?(?:\w+ )?" + _RULES,
    r"\brefund\w*[^.\n]{0,60}\b(?:no|without|zero|skip the) (?:review|questions?|checks?|"
    r"approval|verification|proof|receipt)\b(?! yet)",
    r"\b(?:never|not) (?:has to |have to |needs? to |must )?pays? (?:again|for anything|"
    r"anything)\b|\b(?:store|memori[sz]e) (?:that|this)\b|\blet the record show\b",
    r"\b(?:take note|listen|attention|dear|hey|note to|memo to|message (?:to|for)|(?:orders|"
    r"instructions?|directives?|rules?) (?:to|for)),? (?:the |every |any )?(?:ai|assistant|"
    r"bot|chat ?bot|model|llm|language model|agent)\b|\b(?:assistant|bot|ai|model|agent) "
    r"(?:instructions?|directives?|orders?|rules?) ?:|\buse your (?:tools|functions)\b",
    r"^\W*(?:please |now |kindly )*(?:act|behave|respond|answer|talk|speak|work) (?:like|as "
    r"if|as though)(?! nothing)|\b(?:respond|reply|answer) (?:to )?(?:every|all|any|each) ",
    r"\byour (?:policy|job|duty|rule|role|task) (?:is now|now is|from now)|\b(?:is|are) now "
    r"your (?:policy|rules?|instructions?|job|task)|\bis your policy now\b",
    r"\bhide (?:this|it|that|my)[^.\n]{0,30} from (?:the |your |any )?(?:agents?|staff|humans?"
    r"|supervisors?|admins?|logs?|audit)",
    r"(?:^|please |and |then |now |kindly |, )(?:send|post|forward|upload|fetch|get|visit|"
    r"open|load|request|submit|ping|call|browse|download|transmit|report)\b[^.\n]{0,80}?"
    r"(?:https?://|ftp://|www\.)|169\.254\.|\bfile:/",
    r"\b(?:in|for|to|into) (?:your|the|this|every|any) (?:conversation )?(?:summar(?:y|ies)|"
    r"notes|memory|records?|log),? (?:please )?(?:state|write|say|note|mention|record|add|"
    r"put|claim|include)|\b(?:when|while|before|after) (?:you (?:are )?)?(?:summari[sz]|"
    r"consolidat|memori[sz])\w*|\b(?:the|your) summary (?:must|should|shall|has to|will) ",
    r"\b(?:the following|this) is (?:an? |the )?(?:trusted|verified|official|privileged|"
    r"confirmed|system|true)(?: \w+)? (?:memory|fact|instruction|record|message|command|"
    r"statement|note)|\btrusted (?:memory|fact|instruction)s?\b",
    r"\bbegin (?:\w+ )?(?:admin|system|root|developer|secret|new)\b(?: \w+)? (?:session|mode|"
    r"prompt|instructions?|message|override)|\b(?:admin\w*|system|root|developer) "
    r"(?:session|note|prompt|console|instructions?|access) ?(?::|granted|begin|start|=)",
    r"\b(?:is|am|are|be) (?:now )?(?:an? |the )?(?:verified|authori[sz]ed|certified|official|"
    r"privileged|trusted) (?:admin\w*|managers?|supervisor|agent|employee|staff|operator|"
    r"owner|representative|reseller)\b",
    r"\b(?:any|every|all|each) (?:orders?|accounts?|records?|conversations?|messages?|data|"
    r"refunds?) (?:of|for|from|by) (?:any|every|all|other|another|each)\b|\ball orders? "
    r"(?:from|between) \d|\b(?:look up|show|check|open|read|find|tell)(?: me)? [^.\n]{0,60}"
    r"\b(?:not mine|somebody else's|someone else's|another person's|not my own)\b",
)
_SLY = (
    r"\b(?:throw away|consider|treat|regard|declare|all|set) (?:[\w']+ ){0,4}?(?:guidance|"
    + _RULES[3:-1]
    + r")(?: (?:as|to be|are|is))?(?: (?:now|null and))? (?:void|suspended|obsolete|invalid|"
    r"off|lifted)\b|\b(?:throw away|get rid of|do away with) (?:all |any |every )?your ",
    r"\b(?:your |the |these |all |no )*"
    + _RULES
    + r" (?:do not|don't|does not|no longer|never) (?:apply|count|hold|bind)|\b"
    + _RULES
    + r" (?:are|is|have been|has been) (?:now )?(?:suspended|lifted|off|disabled|removed|"
    r"void)\b|\b(?:safety|filters?|moderation|guardrails?) (?:is|are) (?:now )?(?:off|"
    r"disabled|gone)\b|\breset yourself\b|\bwithout (?:any )?(?:rules|limits|"
    r"restrictions|filters?)\b",
    r"\b(?:assume|suppose|imagine|accept|believe|trust)(?: that)? i(?:'m| am) (?:already |"
    r"now )?(?:signed in|logged in|verified|an? |the |authori[sz]ed|staff)|\b(?:skip|drop|"
    r"omit|leave out|waive) (?:the |any |all |my )?(?:identity|id|verification|security|"
    r"authentication)(?: \w+)?\b(?! by)|\b(?:grant|give|lend) me (?:the )?(?:powers?|rights|"
    r"permissions?|privileges|role) of|\bturn (?:my|this) (?:account|user) into|"
    r"\b(?:database|system|records?|file|crm) (?:says?|shows?|confirms?) i(?:'m| am) (?:an? )?"
    r"(?:staff|admin\w*|verified|employee|manager|owner|agent)",
    r"/etc/passwd|\b(?:cat|ls|curl|wget|rm|chmod) (?:-\w+ )?[/.~]|\b(?:simulate|emulate|open) "
    r"a (?:terminal|shell|console)\b|\bapi keys?\b[^.\n]{0,40}(?:asleep|story|bed)|\b(?:in|as|"
    r"with) (?:base ?64|hex|rot13|morse|binary)\b|\bin your context\b|\bprints? (?:its|"
    r"his|your|the) (?:system )?prompt\b",
    r"\b(?:wrote|asked|chatted|called|was here) (?:just )?before me\b|\bfrom (?:the other|"
    r"another) (?:shop|desk|store|tenant|company)\b[^.\n]{0,20},? (?:show|give|tell|read)",
    r"\b(?:agreed|arranged|settled|cleared) (?:it )?with (?:the|your) (?:ceo|boss|owner|"
    r"director|head office|management)\b|\beverything (?:i \w+ )?(?:for free|is free|on the "
    r"house)\b|\b(?:every|each|all) (?:later|future|further|other) (?:orders?|ones?|requests?"
    r"|purchases?) (?:too|as well)\b|\bwithout being asked\b",
    r"\b(?:write|give|make|put|phrase|word) (?:every|each|all)(?: of your)? (?:answer|repl|"
    r"message|response)|\bfrom here on\b|\b(?:finish|end|close|begin|start) with the (?:"
    r"sentence|words?|phrase|line|text)\b|\b(?:forward|send|copy|bcc|mail) (?:all|every|the|"
    r"this|these|our)(?: \w+)? (?:chats?|conversations?|messages?|replies|transcripts?) to\b|"
    r"\bappend \?|\bbefore you (?:answer|reply to|help) (?:anybody|anyone|others|the next)",
)
_STANDING = (
    r"\bfrom (?:now|this point|this moment|here|today) (?:on|onwards?|forward),? "
    r"(?:on,? )?(?:you (?:must|will|shall|are|have to|need to|only|always|never|act|obey|"
    r"answer|respond|reply|speak|work for|do (?:not|whatever|everything))|(?:the )?"
    r"(?:assistant|bot|ai|desk|system)\b|(?:always|never|only|just|automatically)? ?"
    + _DO
    + r"|(?:every|all|each|any) (?:request|refund|reply|answer|order|message|response)s?)",
    r"\b(?:henceforth|hereafter|going forward|in (?:all|every|any) future (?:chats?|"
    r"conversations?|sessions?|messages?|repl(?:y|ies))),? (?:you|always|never|"
    + _DO
    + r")",
    r"\b(?:you|the assistant|assistant|the bot|bot|the ai|agents?|support|the desk|staff) "
    r"(?:must|shall|have to|has to|will|should|need to|needs to|are to|is to|are required "
    r"to|is required to|are (?:now )?(?:allowed|instructed|authori[sz]ed|ordered|obliged) "
    r"to|can) (?:now |always |never |automatically |immediately |from now on |simply )*"
    + _DO,
    r"\byou (?:must|shall|are to|are required to) (?:always|never|now|not|obey|only)\b",
    _NOBODY
    + r"\b(?:always|automatically|unconditionally|immediately) (?:and \w+ )?"
    + _DO,
    r"\bnever (?:ask (?:me |for |her |him |them |this customer )*(?:\w+ )?(?:for )?"
    r"(?:verification|proof|identification|id\b|confirmation|approval|questions|"
    r"receipts?|passwords?)|"
    r"refuse|deny|decline|reject (?:my|any|this)|question (?:my|this|her|any)|verify|"
    r"charge (?:me|this customer)|check (?:my|her|the) (?:id|identity)|say no)\b",
    r"\b" + _DO + r" (?:[\w'%€$-]+ ){0,6}?(?:every time|whenever i (?:ask|want|write)|"
    r"without (?:asking|check\w*|verif\w*|questions?|any question\w*|approval|"
    r"confirm\w*|review\w*|proof|receipts?|delay or)|no (?:matter what|questions asked)|"
    r"unconditionally|automatically|for ever|forever)\b",
    r"\b(?:any|all|every|each)(?: of)?(?: my| her| his| this customer's)? (?:refund|"
    r"discount|return|request|claim|credit|order|purchase)s?(?: requests?)?(?: [\w']+)"
    r"{0,5}? (?:must|should|shall|are|is|be|have been|to be) (?:to be |be |always |"
    r"automatically )*(?:approved|granted|pre-?approved|pre-?authori[sz]ed|"
    r"authori[sz]ed|accepted|refunded|free|waived)\b",
    r"\b(?:refunds?|discounts?|credits?|requests) (?:for (?:me|this \w+) )?(?:are|is|have "
    r"been) (?:always |already |automatically )?(?:pre-?approved|pre-?authori[sz]ed|"
    r"always granted)\b",
    r"\b(?<!is my order )(?:entitled|eligible|qualif\w+|cleared|approved) (?:to|for) (?:an? |all |my )?"
    r"(?:unlimited|automatic|instant|free of charge|any|every|lifetime|permanent|100|unconditional|"
    r"immediate) ?%? ?(?:[\w'-]+ ){0,2}?(?:refund|discount|credit|replacement|upgrade|"
    r"shipping|order|item|product|access|everything|return|service)",
    r"\b(?:customers?|i|she|he|account|who\w*)(?: with [\w' ]{2,30}?)? (?:must |should |shall |will |always |"
    r"automatically )*(?:gets?|receives?|is owed|am owed|is due|am due|has|have) (?:an? )?"
    r"(?:always )?(?:free|full|automatic|unlimited|instant|\d+ ?%|lifetime|permanent) "
    r"(?:[\w'-]+ )?(?:refund|discount|off|credit|upgrade|shipping|orders?|access)s?"
    r"(?: [\w']+){0,2} (?:every|all|any|always|each|automatically|for life|forever)\b",
    r"\bexempt (?:\w+ )?from (?:all |any |the |every )?(?:verification|identity|checks?|"
    r"polic\w+|limits?|fees|rules|payment|security)",
    r"\b(?:no|without) (?:further |any |more |identity |id )?(?:verification|approval|"
    r"confirmation|proof|checks?|authori[sz]ation|authentication) (?:is |are |will be )?"
    r"(?:ever )?(?:needed|required|necessary)(?! to)\b",
    r"\b(?:remember|memori[sz]e|store|save|keep in mind|make a note|add (?:this )?to (?:your "
    r"|the )?memory|note (?:down|for (?:the )?future)|write (?:this )?(?:down|to memory)|"
    r"update your memory)[^.\n]{0,30}?\b(?:you (?:must|always|never|are|owe|will|have to|"
    r"can (?:always|now))|(?:always|never|every time) (?:say|reply|answer|respond|tell|"
    r"recommend|mention|include|begin|end|call|use|run|give|send|"
    + _DO[3:-1]
    + r")|this "
    r"(?:rule|instruction|policy|customer is (?:an? )?(?:admin|vip|verified|staff|trusted)"
    r")|(?:the|our|your) (?:rule|policy|instruction)s? (?:is|are))",
    r"\b(?:add|write|save|store|put|insert) (?:[\w'-]+ ){0,4}?(?:to|in|into) (?:your |the )?"
    r"(?:long[- ]term )?(?:memory\b(?! card| stick)|knowledge base|system prompt|instructions)\b",
    r"\b(?:always|never) (?:say|claim|state|reply|respond|answer|recommend|mention|"
    r"pretend|begin|end|start|finish|sign off)(?: (?:me|everyone|all \w+))? (?:with|that|"
    r"yes|every|each|all|you|by (?:saying|printing|adding)|as|:)(?! (?:e-?mail|phone|"
    r"text|post|letter))",
    r"\b(?:end|begin|start|finish|prefix|open|close) (?:every|each|all|any)(?: of your)? "
    r"(?:repl|answer|message|response|sentence|conversation|chat)",
    r"\b(?:add|append|include|insert|put|embed|attach|use|render|show|display) (?:[\w'-]+ )"
    r"{0,6}?(?:in|to|at the (?:end|start|top|bottom) of|with|into) (?:every|each|all|any)"
    r"(?: of your)? (?:future )?(?:repl|answer|message|response)",
    r"\b(?:respond|reply|answer|speak) (?:only |exactly |verbatim )(?:with|in json|as|the "
    r"following)|\brepeat after me\b|\byour (?:only|new|first|next) (?:task|job|role|"
    r"goal|purpose|objective|duty) (?:is|will be)\b",
    r"\b(?:whenever|every time|each time|as soon as|when|if) (?:[\w']+ ){1,6}?(?:asks?|"
    r"writes?|says?|mentions?|logs? in|contacts?|opens?|types?)\b[^.\n]{0,50}?,? (?:you "
    r"(?:must|will|should|have to)|then|always|"
    + _DO[3:-1]
    + r"|send|forward|tell (?:them"
    r"|her|him)|reply|answer|say|print|call)\b",
)
_AUTHORITY = (
    r"\bas (?:an?|the|your) (?:[\w-]+ )?" + _BOSS + r"(?: of [\w ]{2,30}?)?,? (?:i|we) "
    r"(?:hereby |now |have )?(?:approve|authori[sz]e|order|command|instruct|grant|direct|"
    r"allow|permit|override|demand|confirm (?:that )?(?:you|all|this|the refund)|"
    r"approved|authori[sz]ed|decide|require|tell you|certify|sign off)",
    r"\bi(?:'m| am) (?:actually |really )?(?:your|the|an?) (?:[\w-]+ )?" + _BOSS + r"\b"
    r"[^.\n]{0,40}?(?:,|;|:| and| so)(?: so| and| please| you| i)*"
    r" (?:must|have to|hereby|approve|authori[sz]e|order|command|instruct|grant|ignore|"
    r"show|give|override|do as|reveal|obey|print|list|refund|disable|unlock|dump|export)",
    r"\bi(?:'m| am) your (?:developer|creator|maker|programmer|administrator|admin|master|"
    r"new (?:boss|owner|master))\b",
    r"\bthis is (?:your|the|an?) (?:[\w-]+ )?(?:developer|creator|administrator|system|"
    r"admin|supervisor|openai|anthropic|head of support|security team)\b(?!s)[^.\n]{0,40}?"
    r"(?:,|:|;|speaking|message|override|calling|instruct|order|approve|team)",
    r"\b(?:i|we) hereby (?:approve|authori[sz]e|order|grant|instruct|command|declare)",
    r"\b(?:on behalf of|by order of|with the authority of|authori[sz]ed by|approved by|"
    r"instructed by|sent by) (?:the |your |our )?(?:system|admin\w*|management|developers?|"
    r"openai|anthropic|ceo|head office|supervisor|security team)\b",
    r"\b(?:treat|consider|regard|handle|register|flag|mark|label|tag) (?:me|this|my|the|her|"
    r"him|us|customer)(?: [\w']+){0,3} as (?:an? |fully |already |the |being )*(?:admin\w*|"
    r"verified|vip|manager|staff|owner|trusted|employee|internal|superuser|authenticated|"
    r"authori[sz]ed|signed[ -]in|logged[ -]in|whitelisted|agent|approved|pre-?approved)",
    r"\b(?:make|give|grant|promote|elevate|upgrade) (?:me|my account|this account|this "
    r"user)(?: to| an?| the| full)* (?:admin\w*|root|superuser|staff|owner|agent|"
    r"supervisor)\b",
    r"\bset (?:my|the|this|customer'?s?)? ?(?:[\w']+ ){0,3}?(?:role|verified|trust(?: "
    r"level)?|permissions?|privileges?|is_admin|owner|clearance|verification(?: status)?|"
    r"identity)\b(?: \w+)? ?(?:to|=|as) ",
    r"\b(?:change|switch|set|put) (?:the |this |your )?(?:conversation|assistant|chat|desk|"
    r"system|bot)(?:'s)? (?:owner|mode|role|status|state)\b|\bswitch (?:yourself )?(?:to "
    r"|into )?(?:autopilot|copilot)\b",
    r"\b(?:you are now|you're now|you will now be|pretend (?:to be|you are|you're|that you"
    r"|i am|i'm)|role-?play as|^act as(?! if nothing)|, act as|you (?:must |will |should |now )?act as|"
    r"impersonate|assume the (?:role|identity)|answer as if i)\b(?! (?:on|in my|talking|"
    r"offering|showing|able))",
    r"\b(?:i am|i'm|my (?:real |true )?(?:customer |user |account )?id is|my identity is) "
    r"(?:now |actually |really )?(?:logged in as |signed in as |acting as |customer |user )"
    r"(?:['\"#]?[\w@.-]+)(?: now)?,? (?:so |and |please )?(?:show|give|read|tell|use)\b",
)
_SECRETS = (
    r"\b(?:system|hidden|secret|developer|initial|internal|pre-?) ?prompts?\b",
    r"\byour (?:[\w-]+ )?(?:system|hidden|initial|original|secret|internal|exact|full|"
    r"complete|own|entire) (?:instructions?|rules|messages?|configuration|config|prompt|"
    r"guidelines)\b|\b(?:what(?:'s| is| are)|show|print|repeat|reveal|tell me|give me|"
    r"leak|output|quote|read out) (?:me )?your (?:prompt|instructions|configuration|"
    r"context window)\b",
    r"\b(?:translate|output|copy|recite|paste|print|encode|summari[sz]e|explain|describe|"
    r"list|dump)(?: me| out)? (?:all )?(?:of )?your (?:\w+ )?(?:instructions?|guidelines|"
    r"prompts?|configuration|directives?)|\byou were (?:configured|prompted|initiali[sz]ed|"
    r"programmed|instructed)\b",
    r"\b(?:repeat|print|output|echo|reveal|translate|summari[sz]e|copy|recite|dump|write "
    r"out|show(?: me)?|display|encode|paste) (?:[\w']+ ){0,4}?(?:above|before this|so far|"
    r"verbatim|word for word|you (?:were|are|have been) (?:given|told|sent)|"
    r"(?:<)?memory(?:>)? block|in your (?:memory|context|prompt)|your memory)\b",
    r"\bwhat (?:were|are|have) you (?:been )?(?:told|instructed|given|programmed)\b",
    r"\b(?:list|show|give|tell|send|export|dump|print|leak|display|provide|share|"
    r"fetch|get|look up|forward|reveal|summari[sz]e)\b(?: me| us| out| to me| up)*(?: about"
    r"| with| what)?(?: the| of| all| any| every| full| private| personal| last| \d+)* ?"
    r"(?:[\w-]+ ){0,4}?(?:of |from |for |about |belonging to |by )?(?:the )?"
    + _ALL_OTHERS
    + r" "
    + _PERSON
    + r"\b(?:'s|')?(?! (?:think|said|have the same|also))",
    r"\bwhat (?:did|does|is|are|was|do you (?:know|remember) about) (?:the )?(?:other|"
    r"another|previous|last|next|different) " + _PERSON + r"\b",
    r"\b(?:api|secret|private|access|encryption) ?(?:keys?|tokens?)\b[^.\n]{0,30}?(?:you "
    r"use|of (?:the|your)|in your|to me)|\b(?:print|show|reveal|tell|give|send|output)"
    r"(?: me)?(?: the| your| all)* (?:[\w-]+ )?(?:api keys?|secrets?|credentials|"
    r"environment variables|x-[\w-]+ header|bearer tokens?|auth\w* headers?)\b",
    r"\b(?:do not|don't|never) (?:tell|inform|alert|notify|mention (?:this|it) to) (?:the "
    r"|any |your |a |an |my )?(?:agents?|staff|humans?|supervisors?|admins?|managers?|"
    r"operators?|customers?|colleagues?)\b",
    r"\b(?:erase|delete|wipe|purge|clear|drop) (?:all|every|the)(?: of)?(?: the)?(?: other)? "
    r"(?:customers?|audit|logs?|users?|database|tables?|tenants?|records of other|"
    r"memor(?:y|ies) of)",
)
_MARKUP = (
    r"<\s*/?\s*(?:script|img|iframe|svg|a|style|form|meta|object|embed|link|input|base|"
    r"video|audio|body|html|math|button|div|span|template|details|marquee|textarea|"
    r"system|user|assistant|memory|instructions?|tool\w*|function\w*|invoke|im_start|"
    r"important|admin|s|data|context|prompt)\b[^<]{0,400}?(?:>|/|=|:)",
    r"!?\[[^\]\n]{0,200}\]\s?(?:\(\s*<?|:\s*)(?:https?:|//|javascript:|data:|[\w.-]+/)",
    r"!\[[^\]\n]{0,200}\][(\[]|\[[^\]\n]{1,80}\]\[[^\]\n]{0,80}\]",
    r"\bjavascript\s*:|\bvbscript\s*:|\bdata:\w+/|\bon(?:error|load|click|mouseover|focus)"
    r"\s*=|\burl\(\s*['\"]?(?:https?:)?//|@import\b|\bsrcdoc\s*=",
    r"\{\{.*\}\}|\{%.*%\}|\$\{[^}]+\}|<%.*%>|#\{[^}]+\}|\{[a-z_]*\.?__\w+__",
    r"<\|[\w ]{2,30}\|>|\[/?inst\]|<</?sys>>|\[/?(?:system|assistant|admin|developer|tool|"
    r"system message|instructions?)\]|#{2,} ?(?:system|instruction|assistant|user|"
    r"response|new)\b|-{3,} ?(?:end|begin|new|system)\b|={3,} ?(?:end|begin|system)\b",
    r"(?:^|\n|[\"'(\]\[>*_.!?-] ?)\W{0,3}(?:system|assistant|developer|agent|support "
    r"agent|admin(?:istrator)?|supervisor|ai)(?: (?:prompt|message|note|update|"
    r"instructions?|override|notice|alert|role|turn))?\W{0,2} ?(?::|=>|->|>>)(?!//)(?! ?"
    r"(?:windows|mac|linux|ios|android|ubuntu|chrome|version|v?\d|intel|amd|maria|none))",
    r"\b(?:human|user|customer)\s?:[^\n]{0,200}\b(?:assistant|ai|agent)\s?:",
    r"[\"'](?:role|tool_calls?|function_call|arguments|recipient_name|tool_name|tool|"
    r"function|parameters)[\"']\s*:",
    r"\b(?:call|invoke|execute|trigger|run|use)(?: the| your| a)?(?: tool| function)?"
    r"[ :]+[`'\"]?[a-z]+(?:_[a-z0-9]+)+|(?<!i )\b(?:call|invoke|execute|trigger) (?:the |"
    r"your |a )?(?:[\w-]+ )?(?:tool|function|endpoint|webhook)\b|\b[a-z]+(?:_[a-z0-9]+)+"
    r"\(",
    r"['\"]\s*;?\s*(?:drop|delete|update|insert|select|union|alter|truncate)\b|\bunion "
    r"(?:all )?select\b|\bor ['\"]?1['\"]?\s?=\s?['\"]?1|\bdrop table\b|;\s?--",
)
_OTHER_LANGUAGES = (
    # German
    r"\b(?:ignorier\w*|vergiss|missachte\w*) (?:[\wäöüß]+ ){0,4}(?:anweisung\w*|regeln?|"
    r"vorgaben?|instruktion\w*|richtlinien?)|\bab (?:jetzt|sofort),? (?:musst|sollst|wirst|"
    r"bist|darfst|erstatte\w*|genehmig\w*|antworte\w*)|\b(?:erstatte\w*|genehmig\w*|"
    r"gewahre\w*|gewähre\w*)(?: [\wäöüß]+){0,3} (?:immer|automatisch|ohne)\b|\bimmer "
    r"(?:[\wäöüß]+ ){0,3}(?:erstatten|genehmigen|gutschreiben)",
    # French
    r"\b(?:ignore[rz]?|oublie[rz]?) (?:[\wàâçéèêëîïôûùü']+ ){0,4}(?:instructions?|consignes?|"
    r"regles?|règles?|directives?)|\b(?:desormais|à partir de maintenant|a partir de "
    r"maintenant|dorenavant),? (?:tu|vous) |\brembours\w+(?:-moi)? (?:[\w']+ )?(?:toujours|"
    r"automatiquement|sans)\b|\btoujours (?:me |nous )?rembours",
    # Spanish and Portuguese
    r"\b(?:ignora\w*|ignore|olvida\w*|esquec\w*|desconsidere\w*) (?:\w+ ){0,4}(?:instruc"
    r"\w*|instruco\w*|reglas|regras|normas|directrices|ordenes)|\ba partir de (?:ahora|"
    r"agora),? (?:debes|tienes|eres|siempre|voce|deve|sempre)|\b(?:siempre|sempre) (?:me )?"
    r"(?:reembols|devuelv|aprueb|aprov)|\breembols\w+ (?:\w+ )?(?:siempre|sempre)",
    # Italian and Dutch
    r"\b(?:ignora\w*|dimentica\w*) (?:\w+ ){0,4}(?:istruzioni|regole|direttive)|\bd'ora in "
    r"poi,? (?:devi|sei|sempre|approva|rimborsa)|\brimborsami (?:\w+ )?sempre|\bnegeer "
    r"(?:\w+ ){0,4}(?:instructies|regels|opdrachten)|\bvanaf nu,? (?:moet|zal|ben|mag|keur|"
    r"betaal)|\b(?:betaal|keur) (?:\w+ ){0,3}(?:altijd|automatisch)",
    # Polish, Turkish, Russian, Ukrainian
    r"\b(?:zignoruj|ignoruj|zapomnij) (?:\w+ ){0,4}(?:instrukcj\w*|polecen\w*|zasad\w*)|"
    r"\b(?:onceki|önceki|tum|tüm) (?:\w+ ){0,3}(?:talimat|kural)\w*|игнориру\w* |забудь "
    r"(?:\w+ ){0,4}(?:инструкц|правил)|проигнорируй|ігнору\w* |всегда (?:одобря|возвраща)",
    # Chinese, Japanese, Korean, Arabic, Hindi
    r"(?:忽略|無視|无视|忘记|忘記).{0,12}(?:指令|指示|规则|規則|提示)|(?:指示|命令|ルール).{0,6}"
    r"(?:無視|忘れ)|从现在(?:开始|起)|今後は必ず|総是退款|总是退款|지시.{0,6}무시|"
    r"(?:تجاهل|تجاهلي).{0,30}(?:التعليمات|تعليمات)|(?:निर्देश|नर).{0,20}(?:अनदेखा|नज)",
)


def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern) for pattern in patterns)


PATTERNS: tuple[tuple[str, tuple[re.Pattern[str], ...]], ...] = (
    ("Wants rules to be ignored", _compiled(_OVERRIDES)),
    ("Carries code or a role of its own", _compiled(_MARKUP)),
    ("Tells the assistant whom to serve", _compiled(_SERVICE)),
    ("Steers the assistant in passing", _compiled(_SLY)),
    ("Claims somebody's authority", _compiled(_AUTHORITY)),
    ("Gives a standing order", _compiled(_STANDING)),
    ("Asks for what is not the customer's", _compiled(_SECRETS)),
    ("Gives an order in another language", _compiled(_OTHER_LANGUAGES)),
)
"""Why something is held, in words for people, and the patterns of it."""

COMPACT = re.compile(
    r"(?:ignore|disregard|forget)(?:all|the|your|any|my)*(?:previous|prior|above|earlier)?"
    r"(?:instructions?|rules|prompts?)|systemprompt|always(?:refund|approve)|"
    r"youmust|fromnowonyou|developermode|asanadmin"
)
"""The same for letters with something between each of them."""
