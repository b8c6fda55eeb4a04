# Trackely Gateway. Needs Python >= 3.11 (with venv) and make; everything else goes into .venv, from the locks in
# requirements/. PYTHON=/path/to/python picks another interpreter, ARGS=... goes to the command behind a target.

PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	command -v "$$name"; break; fi; done)
ARGS ?=
SECONDS ?= 60
BIN := .venv/bin
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help demo test compiled-tests test-postgresql test-system docs lint format soak hostile mutants fuzz nemesis bench peers dist audit lock

define set-up
@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 || { \
	echo 'set-up failed. Python 3.11 or newer is missing: install it, or name one with PYTHON=/path/to/python.' >&2; \
	exit 1; }
@"$(PYTHON)" scripts/set_up.py $(1)
endef

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile | expand -t 18

demo: ## gateway, embedded intake and the vendors' samples, until Ctrl-C (ARGS='--once --replicas=3': see docs/cli.md)
	$(call set-up,$(if $(findstring replicas,$(ARGS)),demo,run))
	@$(BIN)/python -m gateway demo $(ARGS)

test: ## every check: format, ruff, mypy, import-linter, pytest
	$(call set-up,dev)
	@$(MAKE) --no-print-directory --jobs=2 lint compiled-tests
	$(BIN)/python -m pytest -n 5 --dist loadfile --no-loadscope-reorder $(ARGS)

# What pytest makes of each test's file, made once instead of by each of the workers, while mypy leaves a processor idle.
compiled-tests:
	-@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --collect-only --quiet >/dev/null

test-postgresql: ## the tests that run on SQLite's file for the sake of time, on PostgreSQL
	$(call set-up,dev)
	$(BIN)/python -m pytest --store=postgresql -n 2 --dist loadfile tests/acceptance tests/integration $(ARGS)

test-system: ## what needs programs of the system (CHROMIUM=, PROMETHEUS=, PGBOUNCER=/path, else apt-get as root)
	$(call set-up,system)
	@$(BIN)/python scripts/bring.py chromium prometheus pgbouncer
	$(BIN)/python -m pytest -m system tests/system tests/acceptance/test_http.py $(ARGS)

docs: ## these pages as a site, into site/: links and anchors checked
	$(call set-up,docs)
	$(BIN)/python scripts/make_site.py $(ARGS)

lint: ## format, ruff, mypy, import-linter
	$(call set-up,dev)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy scripts
	$(BIN)/lint-imports

format: ## put the files in form
	$(call set-up,dev)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

soak: ## the tests that run for long
	$(call set-up,dev)
	$(BIN)/python -m pytest -m soak $(ARGS)

hostile: ## a hundred thousand hostile bodies, and five hundred slow senders for a minute
	$(call set-up,dev)
	$(BIN)/python -m pytest -m soak tests/acceptance/test_hostile_bodies.py tests/acceptance/test_slow_senders.py $(ARGS)

mutants: ## break the gateway on purpose, one line at a time, and see which test catches it
	$(call set-up,dev)
	$(BIN)/python tests/mutants/run.py $(ARGS)

fuzz: ## coverage-guided fuzzing of the adapters, SECONDS=60 (Linux, x86_64)
	$(call set-up,fuzz)
	$(BIN)/python tests/fuzz/run.py --seconds $(SECONDS) $(ARGS)

nemesis: ## three replicas and a database with a standby, and everything that may happen to them, SECONDS=60
	$(call set-up,dev)
	$(BIN)/python -m tests.nemesis --seconds $(SECONDS) $(ARGS)

bench: ## figures: ARGS='ingest --json', translate, drain, replicas, history, ...
	$(call set-up,$(if $(filter replicas history,$(ARGS)),demo,run))
	@$(BIN)/python -m benchmarks $(ARGS)

peers: ## the programs behind bench's --peer hookspool and node-red, into .peers/ (needs npm and Node.js 18.5 or newer)
	@command -v npm >/dev/null || { echo 'npm is missing: on Debian and Ubuntu, `apt install npm`.' >&2; exit 1; }
	"$(PYTHON)" -m venv .peers
	.peers/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		--requirement benchmarks/peers/requirements.txt
	npm install --prefix .peers --ignore-scripts --no-audit --no-fund --save-exact node-red@4.1.15

dist: ## a release's files into dist/: sdist, wheel, bill of materials, digests; the same bytes from the same commit
	$(call set-up,run)
	$(BIN)/python scripts/build.py

audit: ## known vulnerabilities of what is locked, where the advisories can be reached
	$(call set-up,supply)
	$(BIN)/pip-audit --strict --disable-pip --requirement requirements/run.txt $(ARGS)

lock: ## pin again what pyproject.toml asks for (ARGS=--upgrade: at its newest)
	$(call set-up,supply)
	$(COMPILE) pyproject.toml --output-file requirements/run.txt
	$(COMPILE) pyproject.toml --extra postgresql --constraint requirements/run.txt --output-file requirements/postgresql.txt
	$(COMPILE) pyproject.toml --extra demo --constraint requirements/run.txt --output-file requirements/demo.txt
	$(COMPILE) pyproject.toml --extra demo --group dev --constraint requirements/run.txt --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --extra tracing --constraint requirements/dev.txt --output-file requirements/tracing.txt
	$(COMPILE) --group build --output-file requirements/build.txt
	$(COMPILE) --group system --constraint requirements/dev.txt --output-file requirements/system.txt
	$(COMPILE) --group fuzz --constraint requirements/dev.txt --output-file requirements/fuzz.txt
	$(COMPILE) --group supply --constraint requirements/dev.txt --output-file requirements/supply.txt
	$(COMPILE) --group docs --constraint requirements/supply.txt --output-file requirements/docs.txt
