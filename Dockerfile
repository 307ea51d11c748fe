# syntax=docker/dockerfile:1
ARG PYTHON=3.11

# --- Everything that is needed to install, and what it made
FROM python:${PYTHON}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
COPY requirements.txt .
RUN /venv/bin/pip install --requirement requirements.txt
ENV PATH=/venv/bin:$PATH
WORKDIR /gatehouse
COPY manage.py ./
COPY gateway ./gateway
COPY portal ./portal
COPY static ./static
COPY templates ./templates
# Gathered, compressed and named by content once. Django needs keys to start; these
# serve this one command and are in no layer of the image that runs.
RUN SECRET_KEY=only-to-gather-static-files \
    FIELD_ENCRYPTION_KEY=b25seS10by1nYXRoZXItc3RhdGljLWZpbGVzLW9ubHk= \
    DATABASE_URL=sqlite://:memory: \
    python manage.py collectstatic --no-input \
    && python -m compileall -q gateway portal

# --- What runs: as nobody in particular, on files it cannot change
FROM python:${PYTHON}-slim
RUN useradd --system --uid 10001 --home-dir /gatehouse --shell /usr/sbin/nologin gatehouse \
    && install --directory --owner=gatehouse --mode=0700 /var/lib/gatehouse
COPY --from=build /venv /venv
COPY --from=build /gatehouse /gatehouse
WORKDIR /gatehouse
USER gatehouse
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    GATEHOUSE_ENV_FILE= \
    GATEHOUSE_VAR=/var/lib/gatehouse
VOLUME /var/lib/gatehouse
EXPOSE 8000
# The web server by default; compose gives worker and scheduler commands of their own.
CMD ["gunicorn", "--config", "python:portal.run.gunicorn", "--bind", "0.0.0.0:8000", "portal.wsgi"]
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-m", "portal.run.healthy", "web"]
