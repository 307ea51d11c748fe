.DEFAULT_GOAL := help

# Any Python 3.11 or newer; everything else lives in .venv.
PYTHON ?= python3
VENV := .venv/bin
TESTS ?=
# Whole files go to one process: a story's tests share the desk that was started. Which
# begin, and how many processes there are, tests/conftest.py says.
PARALLEL ?= --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

# What `manage.py check --deploy` needs to see to judge a real desk.
PRODUCTION := GATEHOUSE_ENV_FILE= DEBUG=false PUBLIC_URL=https://gatehouse.example.com \
	DATABASE_URL=sqlite://:memory: \
	SECRET_KEY=only-for-the-check-7Qw3zXcVbNmAsDfGhJkLpOiUyTrEwQ2468013579 \
	FIELD_ENCRYPTION_KEY=b25seS1mb3ItdGhlLWNoZWNrLW9ubHktZm9yLXRoZS0=

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

.PHONY: run
run: environment ## Start the whole desk on this machine, with a sandbox gateway
	@$(VENV)/python -m portal.run

# Bytecode is kept: a run starts a hundred processes, and each would compile it all.
.PHONY: test
test: environment-dev ## Run every test that this machine can run (TESTS=path for some)
	@PYTHONDONTWRITEBYTECODE= $(VENV)/python -m pytest $(PARALLEL) $(TESTS)

.PHONY: retest
retest: environment-dev ## Run once more what failed in the last run, if it is little
	@$(VENV)/python -m tests.retest

.PHONY: lint
lint: environment-dev ## Check style, types, imports, templates, settings and migrations
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy gateway portal
	$(VENV)/lint-imports
	find templates portal gateway -name '*.html' -print0 | xargs -0 -r $(VENV)/djade --check
	$(PRODUCTION) $(VENV)/python manage.py check --deploy --fail-level WARNING
	$(PRODUCTION) $(VENV)/python manage.py makemigrations --check --dry-run

.PHONY: bench
bench: environment-dev ## Measure, and print the figures
	@$(VENV)/python -m tests.bench

# For translators: docs/translating.md.
.PHONY: words
words: environment-dev ## Renew the catalogues of what pages say (INTO=de begins one)
	$(PRODUCTION) $(VENV)/python manage.py makemessages --keep-pot --no-obsolete \
		--no-wrap --add-location file --ignore 'tests/*' --ignore 'var/*' \
		$(if $(INTO),--locale $(INTO),--all)
	$(PRODUCTION) $(VENV)/python manage.py compilemessages --ignore '.venv'

# The output is committed, and recorded: a test compares both.
.PHONY: vendor
vendor: environment-dev ## Bundle the editor that static/vendor holds, anew
	@PATH="$$PWD/$(VENV):$$PATH" $(VENV)/python vendor/build.py

.PHONY: environment environment-dev
environment:
	@"$(PYTHON)" portal/run/install.py requirements.txt

environment-dev:
	@"$(PYTHON)" portal/run/install.py requirements-dev.txt
