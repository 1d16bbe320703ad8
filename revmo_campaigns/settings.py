"""All settings, from the environment only; `.env.example` explains every variable.

Without any variable the project runs on this machine alone: embedded PostgreSQL, simulator mode, plain HTTP on
loopback. Naming a public host in `ALLOWED_HOSTS` is what turns the HTTPS rules on.
"""

from pathlib import Path

import environ

from revmo_campaigns import embedded_postgres, local_secret
from revmo_campaigns.frame import UNFOLD as UNFOLD

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

# What belongs to this machine alone: the embedded database, the generated secret, uploads.
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / ".local")))

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or local_secret.read_or_create(DATA_DIR / "secret_key")
LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=LOOPBACK_HOSTS)
PUBLIC = not set(ALLOWED_HOSTS) <= set(LOOPBACK_HOSTS)

# --- Revmo -----------------------------------------------------------------------------------------------------
REVMO_API_KEY = env.str("REVMO_API_KEY", default="")
REVMO_MODE = "live" if REVMO_API_KEY else "simulator"
SIMULATOR_URL = f"http://127.0.0.1:{env.int('SIMULATOR_PORT', default=8900)}"
REVMO_API_URL = env.str("REVMO_API_URL", default="https://api.revmo.ai" if REVMO_MODE == "live" else SIMULATOR_URL)
REVMO_AGENT_ID = env.str("REVMO_AGENT_ID", default="")
REVMO_WEBHOOK_SECRETS = env.str("REVMO_WEBHOOK_SECRETS", default="")
REVMO_WEBHOOK_TOKEN = env.str("REVMO_WEBHOOK_TOKEN", default="")
# The metadata key under which our own reference travels, so that an event can be matched to a send whose answer was
# lost. Empty: it does not travel.
REVMO_REFERENCE_KEY = env.str("REVMO_REFERENCE_KEY", default="rc_send")
# Where a thread stands in Revmo's own web interface; {thread_id} is put in. Empty: staff are told in words.
REVMO_CONVERSATION_URL = env.str("REVMO_CONVERSATION_URL", default="")
# Other names and words in Revmo's events than we assume, as JSON; `revmo/events.py` has the form and the defaults.
REVMO_WEBHOOK_FIELDS = env.str("REVMO_WEBHOOK_FIELDS", default="")
# Seconds. The lease of a claimed or posting send must outlive the request's total deadline; a system check holds it.
REVMO_CONNECT_TIMEOUT = env.float("REVMO_CONNECT_TIMEOUT", default=5.0)
REVMO_READ_TIMEOUT = env.float("REVMO_READ_TIMEOUT", default=30.0)
REVMO_TOTAL_DEADLINE = env.float("REVMO_TOTAL_DEADLINE", default=45.0)
SEND_LEASE_SECONDS = env.float("SEND_LEASE_SECONDS", default=60.0)

# Jobs that stand in no `tasks.py`.
PROCRASTINATE_IMPORT_PATHS = ["campaigns.background"]

# --- Django ----------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "axes",
    "csp",
    "import_export",
    "procrastinate.contrib.django",
    "revmo_campaigns.apps.RevmoCampaignsConfig",
    "contacts.apps.ContactsConfig",
    "campaigns.apps.CampaignsConfig",
    "conversations.apps.ConversationsConfig",
]

MIDDLEWARE = [
    "revmo_campaigns.middleware.machines_first",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "revmo_campaigns.middleware.clock_of_the_reader",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "revmo_campaigns.urls"
WSGI_APPLICATION = "revmo_campaigns.wsgi.application"
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
            ]
        },
    }
]

DATABASE_URL = env.str("DATABASE_URL", default="")
if DATABASE_URL:
    DATABASES = {"default": env.db("DATABASE_URL")}
else:
    DATABASES = {"default": embedded_postgres.database_settings(DATA_DIR / "postgres")}
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
DATABASES["default"].setdefault("CONN_HEALTH_CHECKS", True)
# libpq's own defaults notice after two hours that a server has gone without a word; these after half a minute, so that
# a worker cut off from the database comes back by itself. What DATABASE_URL says goes first.
for _option, _value in {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}.items():
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault(_option, _value)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
# Five wrong passwords for one name from one address rest for a quarter of an hour; nobody is locked out for ever.
AXES_FAILURE_LIMIT = 5
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_COOLOFF_TIME = 0.25
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "admin/locked_out.html"

LANGUAGE_CODE = "en-us"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
USE_THOUSAND_SEPARATOR = True

STATIC_URL = "static/"
STATIC_ROOT = env.str("STATIC_ROOT", default="") or None  # where collectstatic puts copies, if anywhere
STATICFILES_DIRS = [BASE_DIR / "static"]
# Serves straight from the packages, so that a fresh checkout needs no collectstatic.
WHITENOISE_USE_FINDERS = True

SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = PUBLIC
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if PUBLIC else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PUBLIC
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
if env.bool("BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# /healthz is asked by the machine beside us, over plain HTTP.
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]

# The address that people type, for links in e-mails.
PUBLIC_ORIGIN = env.str("PUBLIC_ORIGIN", default=f"https://{ALLOWED_HOSTS[0]}" if PUBLIC else "http://127.0.0.1:8000")

# E-mail to staff. In simulator mode, and without a server, it is only written to the worker's standard output.
EMAIL_HOST = env.str("EMAIL_HOST", default="")
EMAIL_PORT = env.int("EMAIL_PORT", default=587)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 20  # seconds
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default="Revmo Campaigns <no-reply@localhost>")
_MAIL_LEAVES = EMAIL_HOST and REVMO_MODE == "live"
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if _MAIL_LEAVES else 'console'}.EmailBackend"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'", "'unsafe-eval'"],  # unfold's Alpine evaluates its attributes
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# An upload streams to a file beyond this size, so that a large one does not sit in the web process's memory.
FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
MAX_UPLOAD_BYTES = 200 * 1024 * 1024

IMPORT_EXPORT_USE_TRANSACTIONS = True
# Without these a person who may only look could import.
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "add"
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "view"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="WARNING")},
}
