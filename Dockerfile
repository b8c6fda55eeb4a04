# syntax=docker/dockerfile:1

# First stage: a virtual environment with what the locks pin, every file checked against its hash.
FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_NO_INPUT=1
RUN python -m venv /opt/gateway
WORKDIR /src

# The dependencies in a layer of their own: it stands until a lock changes.
COPY requirements/build.txt requirements/postgresql.txt requirements/
RUN /opt/gateway/bin/pip install --require-hashes --requirement requirements/build.txt --requirement requirements/postgresql.txt

COPY pyproject.toml README.md LICENSE ./
COPY schemas schemas
COPY adapters adapters
COPY gateway gateway
RUN /opt/gateway/bin/pip install --no-deps --no-build-isolation . \
    && /opt/gateway/bin/pip uninstall --yes setuptools

# Second stage: no compiler, no sources, no root.
FROM python:3.13-slim

LABEL org.opencontainers.image.title="Trackely Gateway" \
      org.opencontainers.image.licenses="Apache-2.0"

# `docker exec … gateway orders list` reads the same file as the gateway that it asks.
ENV PATH=/opt/gateway/bin:$PATH \
    GATEWAY_CONFIG=/etc/trackely/config.yaml \
    PYTHONUNBUFFERED=1

RUN groupadd --gid 10001 gateway \
    && useradd --uid 10001 --gid gateway --no-create-home --home-dir /var/lib/trackely --shell /usr/sbin/nologin gateway \
    && install --directory --owner gateway --group gateway --mode 0700 /var/lib/trackely

COPY --from=build /opt/gateway /opt/gateway

USER 10001:10001
WORKDIR /var/lib/trackely

# The store: `store: sqlite:////var/lib/trackely/gateway.db` in the mounted configuration. One container a volume.
VOLUME /var/lib/trackely
EXPOSE 8080

# Reads no configuration: where server.port or server.host say otherwise, give `docker run --health-cmd` its own.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]

# SIGTERM answers what is in flight; give it longer than the tenants' timeout: `docker stop --time 40`.
STOPSIGNAL SIGTERM
ENTRYPOINT ["gateway"]
CMD ["serve"]
