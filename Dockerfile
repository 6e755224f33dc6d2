# syntax=docker/dockerfile:1
# One image for web, worker, beat, migration and (for trying out) the mail catcher.
# The Python minor version is the one that the tests run on.

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/venv
COPY requirements.txt /tmp/requirements.txt
RUN /opt/venv/bin/pip install --require-hashes --only-binary :all: -r /tmp/requirements.txt \
 && /opt/venv/bin/python -m compileall -q /opt/venv/lib
WORKDIR /app
COPY manage.py ./
COPY clinic clinic
COPY scheduling scheduling
COPY treatments treatments
COPY templates templates
COPY static static
# The values below exist for this one command only: collecting files reaches no server.
RUN APP_ENV=development SECRET_KEY=collectstatic-reads-no-secret-and-signs-nothing-at-all-0000 \
    DATABASE_URL=postgresql://nobody@127.0.0.1/none REDIS_URL=redis://127.0.0.1/0 \
    EMAIL_URL=smtp://127.0.0.1 PUBLIC_URL=http://localhost STATIC_ROOT=/app/collected \
    /opt/venv/bin/python manage.py collectstatic --noinput \
 && /opt/venv/bin/python -m compileall -q clinic scheduling treatments

FROM python:3.11-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=clinic.settings APP_ENV=production STATIC_ROOT=/app/collected
RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin clinic
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
USER 10001
EXPOSE 8000
CMD ["gunicorn", "clinic.wsgi", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", \
     "--preload", "--no-control-socket", "--worker-tmp-dir", "/dev/shm"]
