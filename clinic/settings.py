"""All settings, read from the environment by `clinic.env`. One file serves production, development and tests."""

import importlib.resources
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from clinic import env, logs

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"

APP_ENV = env.choice("APP_ENV", options=("production", "development", "test"), default="production")
PRODUCTION = APP_ENV == "production"
TESTING = APP_ENV == "test"
DEBUG = env.flag("DEBUG")
CLOCK_OFFSET_ALLOWED = env.flag("CLOCK_OFFSET_ALLOWED")
"""Whether `clinic.clock` adds the offset kept in the database: tests move every process at once by it."""
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured(
        "DEBUG is 1 but APP_ENV is production. Set DEBUG=0: debug pages show patients' data."
    )
if PRODUCTION and CLOCK_OFFSET_ALLOWED:
    raise ImproperlyConfigured(
        "CLOCK_OFFSET_ALLOWED is 1 but APP_ENV is production. Set it to 0: it can move time."
    )

SECRET_KEY = env.secret("SECRET_KEY", at_least=50)
PUBLIC_URL = env.url("PUBLIC_URL", schemes=("https", "http")).rstrip("/")
HTTPS = PUBLIC_URL.startswith("https://")
_public_host = urlsplit(PUBLIC_URL).hostname or ""
ALLOWED_HOSTS = [
    _public_host,
    *env.text("EXTRA_HOSTS", default="", what="host names, comma-separated").replace(",", " ").split(),
]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
LABEL_SIZES = ("62x29", "57x32", "50x25", "89x36")
LABEL_SIZE = env.choice("LABEL_SIZE", options=LABEL_SIZES, default="62x29")
"""Width and height in millimetres of the labels in the clinic's printer; static/css/paper-print.css has a page for each."""
PRODUCT_NAME = env.text("PRODUCT_NAME", default="Recura", what="the name shown in the header")

INSTALLED_APPS = [
    "clinic",
    "scheduling",
    "treatments",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_htmx",
    "django_structlog",
    "heroicons",
    "pgtrigger",
    "pghistory",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "clinic.middleware.ActorMiddleware",
    "clinic.middleware.HandedOverMiddleware",
    "clinic.middleware.DomainErrorMiddleware",
    "clinic.middleware.NoStoreMiddleware",
]

ROOT_URLCONF = "clinic.urls"
WSGI_APPLICATION = "clinic.wsgi.application"

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
                "clinic.context_processors.page",
            ],
        },
    },
]

# The web role: it owns nothing. Whoever migrates runs with the owner's URL in this variable.
DATABASES = {
    "default": {
        **env.database("DATABASE_URL"),
        "ATOMIC_REQUESTS": False,
        "CONN_MAX_AGE": 0 if TESTING else 60,
        "CONN_HEALTH_CHECKS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
WEB_ROLE = env.text("DATABASE_WEB_ROLE", default="prp_web", what="the name of the web role")

REDIS_URL = env.url("REDIS_URL", schemes=("redis", "rediss", "unix"))
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "prp",
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "clinic.dispatch_messages": {"queue": "mail"},
    "clinic.reconcile_messages": {"queue": "mail"},
}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20

# Passwords and sessions
AUTH_USER_MODEL = "clinic.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "clinic:home"
ACCOUNT_ADAPTER = "clinic.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_RATE_LIMITS = {
    "login_failed": "10/m/ip,5/5m/key",
    "login": "120/m/ip",
    "reset_password": "20/m/ip,5/m/key",
    "patient_link": "60/m/ip",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
USERSESSIONS_TRACK_ACTIVITY = False

SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
if HTTPS:
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "clinic.views.errors.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
        "manifest-src": [SELF],
    }
}
PERMISSIONS_POLICY: dict[str, list[str]] = {
    feature: [] for feature in ("camera", "geolocation", "microphone", "payment", "usb", "display-capture")
}

# Language and time. Every stored instant is UTC; a site's zone is activated per page where it matters.
LANGUAGE_CODE = "en"
LANGUAGES = [(code, _(name)) for code, name in env.languages("PATIENT_LANGUAGES", default="en,es")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
LOCALE_PATHS = [BASE_DIR / "clinic" / "locale"]

# Static files come from our own folder and from Python packages; hashed and compressed when served.
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", default=str(BASE_DIR / "var" / "static"), what="a folder"))
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("vendor/bootstrap", str(importlib.resources.files("bootstrap") / "css")),
]
_static_backend = (
    "django.contrib.staticfiles.storage.StaticFilesStorage"
    if DEBUG or TESTING
    else "whitenoise.storage.CompressedManifestStaticFilesStorage"
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": _static_backend},
}
WHITENOISE_USE_FINDERS = DEBUG or TESTING
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = [
    "map",
    "jpg",
    "jpeg",
    "png",
    "gif",
    "webp",
    "zip",
    "gz",
    "br",
    "woff",
    "woff2",
]

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
CRISPY_FAIL_SILENTLY = False

# Mail
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
_mail = env.mail_server("EMAIL_URL")
EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"], _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail["EMAIL_USE_TLS"], _mail["EMAIL_USE_SSL"]
EMAIL_TIMEOUT = 20
MAILS_PER_MINUTE = env.number("MAILS_PER_MINUTE", default=300)
"""How many mails one site hands over in a minute of the clock: after an outage or a pause they go out at this pace."""
DEFAULT_FROM_EMAIL = env.text(
    "MAIL_FROM", default="appointments@localhost", what="the neutral sender address"
)
MESSAGE_ID_DOMAIN = DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">")

# History: facts are tracked by triggers; the context keeps who and why, never a path (links carry tokens).
PGHISTORY_CONTEXT_FIELD_KWARGS = {"null": True}
PGHISTORY_APPEND_ONLY = False  # redaction for an erased patient is one owner-run function

LOGGING = logs.configuration(as_json=not DEBUG)
logs.configure()
SILENCED_SYSTEM_CHECKS = [
    "auth.W004"
]  # the address is unique without regard to case, by a constraint on lower(email)
