"""All settings, read from the environment (`.env.example` lists every variable)."""

from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF

from config import embedded

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)
# Demo mode: a desk to try on this machine, with its seed data, shop and known logins.
DEMO = env.bool("DEMO", default=False)
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / ".data"))).resolve()
PUBLIC_URL = env.str("PUBLIC_URL", default="http://localhost:8000")
_SECURE = urlsplit(PUBLIC_URL).scheme == "https"

# --- PostgreSQL and Redis: from the environment, else the embedded ones -------------
EMBEDDED = not env.str("DATABASE_URL", default="")
_embedded = embedded.addresses(DATA_DIR)
DATABASE_URL = env.str("DATABASE_URL", default="") or _embedded.database_url
DATABASE_OWNER_URL = env.str("DATABASE_OWNER_URL", default="") or (
    _embedded.database_owner_url if EMBEDDED else ""
)
DATABASE_ADMIN_URL = env.str("DATABASE_ADMIN_URL", default="") or (
    _embedded.database_admin_url if EMBEDDED else ""
)
REDIS_URL = env.str("REDIS_URL", default="") or _embedded.redis_url

_db = environ.Env.db_url_config(DATABASE_URL)
DATABASES = {
    "default": {
        **_db,
        "ENGINE": "django.db.backends.postgresql",
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **_db.get("OPTIONS", {}),
            # Recall has its statement prepared (`memory.recall.search`).
            "prepare_threshold": 5,
            "pool": {
                "min_size": 1,
                "max_size": env.int("DATABASE_POOL_SIZE", default=16),
                "timeout": 10,
            },
        },
    }
}

# --- Secrets -------------------------------------------------------------------------
SECRET_KEY = env.str("SECRET_KEY", default="") or embedded.secret_key(
    DATA_DIR, allowed=EMBEDDED
)
# The audit log has a key of its own; unset, it is derived from SECRET_KEY. The ones
# before it stay listed, so that what they signed can still be verified.
AUDIT_KEY = env.str("AUDIT_KEY", default="")
AUDIT_KEYS_OLD = env.list("AUDIT_KEYS_OLD", default=[])
AUDIT_CHECKPOINT_DIR = Path(
    env.str("AUDIT_CHECKPOINT_DIR", default="") or DATA_DIR / "audit"
)
# Encrypt secrets at rest: the first key does, all of them decrypt. Empty: SECRET_KEY.
SECRETS_KEYS = env.list("SECRETS_KEYS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# --- Apps ----------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "rest_framework",
    "channels",
    "accounts",
    "memory",
    "chat",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.headers.HeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.IdentityScopeMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "chat.context_processors.desk",
            ]
        },
    }
]

# --- Redis: cache, channel layer, queue ----------------------------------------------
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "cache",
        # A Redis that hangs holds no page up for longer.
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [REDIS_URL], "prefix": "layer"},
    }
}
CELERY_BROKER_URL = embedded.celery_url(REDIS_URL)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A task that a killed worker held is delivered again after this many seconds.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 60,
    "global_keyprefix": "queue:",
}
CELERY_TASK_TIME_LIMIT = 50
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = {
    "answer-owed-turns": {"task": "chat.tasks.answer_owed_turns", "schedule": 10.0},
    "consolidate-due": {"task": "chat.tasks.consolidate_due", "schedule": 10.0},
    "plan-unplanned": {"task": "chat.tasks.plan_unplanned", "schedule": 3600.0},
    "count-tokens": {"task": "chat.tasks.count_tokens", "schedule": 3600.0},
    "resume-erasures": {"task": "memory.tasks.resume_erasures", "schedule": 60.0},
    "prune-memories": {"task": "memory.tasks.prune_all", "schedule": 3600.0},
    "add-up-uses": {"task": "memory.tasks.add_up_uses", "schedule": 60.0},
    "resume-reembeds": {"task": "memory.tasks.resume_reembeds", "schedule": 60.0},
    "prune-indexes": {"task": "memory.tasks.prune_indexes", "schedule": 3600.0},
    # Looks at each desk once a week; asks every hour, as the one below.
    "check-drifts": {"task": "memory.tasks.check_drifts", "schedule": 3600.0},
    # Writes one a day; looks every hour, so that a missed day is made up for.
    "checkpoint-audit": {
        "task": "accounts.tasks.checkpoint_audit",
        "schedule": 3600.0,
    },
}

# --- Sign-in -------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.StaffBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "accounts.adapter.StaffAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
# By address of the client, by account, or by who is signed in.
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user,20/h/user",
    "accept_invitation": "10/m/ip",
    "single_sign_on": "30/m/ip",
}
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"
MFA_ADAPTER = "accounts.adapter.StaffMfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "Recollect"
# One step earlier or later: clocks of telephones differ.
MFA_TOTP_TOLERANCE = 1
# Admin and compliance need a second factor before powerful acts. Not in a demo, whose
# passwords are printed for everybody to try.
REQUIRE_MFA_FOR_POWERFUL = env.bool("REQUIRE_MFA_FOR_POWERFUL", default=not DEMO)
SOCIALACCOUNT_ADAPTER = "accounts.single_sign_on.DeskProviders"
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"OAUTH_PKCE_ENABLED": True}}
# Not in the cache: whoever is signed in works on while Redis is away.
SESSION_ENGINE = "django.contrib.sessions.backends.db"
# A working day; then everybody shows again who she is.
SESSION_COOKIE_AGE = 12 * 60 * 60
ACCOUNT_SESSION_REMEMBER = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _SECURE
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
if _SECURE:
    # The prefix keeps a neighbouring subdomain from setting them.
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"

# --- Proxies and limits --------------------------------------------------------------
# How many proxies of ours write at the end of X-Forwarded-For; what stands before their
# entries was written by the client and counts for nothing.
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", default=0)
# `config.limits` holds the whole body; nothing here takes files.
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
DATA_UPLOAD_MAX_NUMBER_FILES = 1

# --- Mail: invitations ----------------------------------------------------------------
vars().update(env.email_url("EMAIL_URL", default="consolemail://"))
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="Recollect <recollect@localhost>")

# --- Security headers ----------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "object-src": [NONE],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        # Text becomes HTML in one place, `static/js/trusted.js`, and never a script.
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["default"],
    }
}
X_FRAME_OPTIONS = "DENY"
# The proxy that ends TLS speaks HTTP to us and says in a header what it was spoken to.
SECURE_SSL_REDIRECT = _SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _SECURE else None
SECURE_HSTS_SECONDS = 31_536_000 if _SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _SECURE
SECURE_REFERRER_POLICY = "same-origin"

# --- REST API: JSON in and out, for signed-in staff -----------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication"
    ],
    # A view that names no permission of its own still shows nothing to the world.
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    # OPTIONS would describe the views; there is nothing to describe.
    "DEFAULT_METADATA_CLASS": None,
}

# --- Language model ------------------------------------------------------------------
OPENAI_BASE_URL = env.str("OPENAI_BASE_URL", default="")
OPENAI_API_KEY = env.str("OPENAI_API_KEY", default="")
MODELS = {
    "reply": env.str("MODEL_REPLY", default="gpt-4.1-mini"),
    "consolidate": env.str("MODEL_CONSOLIDATE", default="gpt-4.1-mini"),
    "classify": env.str("MODEL_CLASSIFY", default="gpt-4.1-nano"),
    "judge": env.str("MODEL_JUDGE", default="gpt-4.1-mini"),
    # Empty: the embedded sentence-embedding model, which costs nothing and is exact
    # about what it was made with.
    "embed": env.str("MODEL_EMBED", default=""),
    # Empty: what recall finds is not ranked again.
    "rerank": env.str("MODEL_RERANK", default=""),
}
# Where the model that ranks is not behind OPENAI_BASE_URL.
RERANK_BASE_URL = env.str("RERANK_BASE_URL", default="")
RERANK_API_KEY = env.str("RERANK_API_KEY", default="")
MODEL_TIMEOUT_S = env.float("MODEL_TIMEOUT_S", default=30.0)

# --- Tools ---------------------------------------------------------------------------
# What one answer may read and write in all its rounds: so many contexts of the desk's
# plan, and so many dollars by the price table. What it has by then is its answer.
TURN_MAX_CONTEXTS = env.float("TURN_MAX_CONTEXTS", default=4.0)
TURN_MAX_USD = env.float("TURN_MAX_USD", default=0.25)
# The operator's word, never a tenant's: hosts (`host` or `host:port`) that tools may
# reach although they are on this machine or network, and without https.
TOOL_ALLOWED_PRIVATE_HOSTS = env.list("TOOL_ALLOWED_PRIVATE_HOSTS", default=[])

# --- The rest ------------------------------------------------------------------------
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
# Set where the files were collected (the Docker image); served from `static` otherwise.
STATIC_ROOT = env.str("STATIC_ROOT", default="") or None
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
WHITENOISE_AUTOREFRESH = DEBUG
APPEND_SLASH = True
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "config.logs.DiscreetFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "httpx": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "channels_redis": {"level": "WARNING"},
        # It has brought a formatter of its own by now.
        "uvicorn": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        # It tells of each socket from where it came.
        "uvicorn.error": {"level": "WARNING"},
        # Addresses hold search terms, which are customers' words.
        "uvicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
    },
}
