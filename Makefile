# Everything a person types at Beleg. Needs git, make and Python 3.11 with venv; makes its own virtual environment in .venv.
PYTHON ?= python3
BIN := .venv/bin
FUZZ_SECONDS ?= 600
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help demo setup test lint format types imports docs docs-check tests bench evals acceptance lock clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/.run  ## a year of a shop with a planted ring, audited; ends with the address of the report
	@$(BIN)/beleg demo

setup: .venv/.dev  ## the virtual environment with all that the checks need

test: .venv/.dev lint types imports docs-check tests  ## all checks that need nothing but this checkout; a skipped test says why

lint: .venv/.dev  ## style, by ruff
	@$(BIN)/ruff check --quiet && $(BIN)/ruff format --check --quiet && echo "ruff: clean"

format: .venv/.dev  ## mend what ruff can mend by itself
	@$(BIN)/ruff check --fix --quiet; $(BIN)/ruff format --quiet

types: .venv/.dev  ## types, by mypy in strict mode
	@$(BIN)/mypy

imports: .venv/.dev  ## which room may import which, by import-linter
	@$(BIN)/lint-imports --no-cache --no-logo

docs: .venv/.dev  ## write docs/reference anew from the code
	@$(BIN)/python -m beleg.reference

docs-check: .venv/.dev
	@$(BIN)/python -m beleg.reference --check

tests: .venv/.dev
	@$(BIN)/pytest -q -n auto -m "not long and not spark and not browser" --ignore=tests/acceptance
	@echo "left out: tests/acceptance and long laws (make acceptance), tests that need Spark or a browser (.ci/run), installed or not"

bench: .venv/.dev  ## side by side with what one would write by hand; prints the table for the docs
	@$(BIN)/python -m bench

evals: .venv/.dev  ## recall and noise on worlds whose truth is known
	@$(BIN)/python -m evals

acceptance: .venv/.dev  ## the long runs; the last one fuzzes the readers for FUZZ_SECONDS, by default ten minutes
	@$(BIN)/pytest -q -n auto -m long --ignore=tests/acceptance
	@$(BIN)/pytest -q tests/acceptance
	@scripts/install requirements-fuzz.lock
	@mkdir -p build/fuzz
	@$(BIN)/python tests/acceptance/fuzz_readers.py -max_total_time=$(FUZZ_SECONDS) -artifact_prefix=build/fuzz/ build/fuzz

lock: .venv/.dev  ## choose the newest versions that fit, and pin them by hash
	@scripts/lock

clean:  ## take away the virtual environment and all caches
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
	@find src tests bench evals -name __pycache__ -prune -exec rm -rf {} +

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Beleg needs Python 3.11 or newer; got $$($(PYTHON) --version 2>&1). Name another one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv \
	  || { rm -rf .venv; echo "could not make .venv; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

# Done once, and again when a lock or the project's own settings change.
.venv/.run: requirements.lock requirements-uv.lock pyproject.toml | .venv/bin/python
	@scripts/install requirements.lock && touch $@

.venv/.dev: requirements-dev.lock requirements-uv.lock pyproject.toml | .venv/bin/python
	@scripts/install requirements-dev.lock && touch $@ .venv/.run
