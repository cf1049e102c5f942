# The commands of this repository. Each works as the only command typed on a clean checkout.
#
#   make plan    install into .venv and plan the shipped scenario meta-2025
#   make test    lint, types, import directions and every test
#   make docs    build the documentation into docs/_build/html
#   make bench   measure start-up and the engines
#   make lock    write requirements/*.txt again from pyproject.toml
#   make clean   remove .venv, build outputs and caches
#
# PYTHON names the interpreter that makes .venv: make plan PYTHON=python3.12
# What is installed is pinned with hashes in requirements/*.txt; a file in .venv says when that was done last, so that
# a second run installs nothing and needs no network.

PYTHON ?= python3
SCENARIO ?= meta-2025
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
UV_VERSION := 0.13.9

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help plan test lint browser docs outputs bench lock clean

help:
	@sed -n 's/^#   make/make/p' Makefile

plan: $(VENV)/base.done
	$(BIN)/gigawatt plan $(SCENARIO) --out runs/$(SCENARIO)
	@echo
	@echo "report: $(CURDIR)/runs/$(SCENARIO)/report.html"
	@echo "sheets: $(CURDIR)/runs/$(SCENARIO)/plan.xlsx"
	@echo "again:  $(BIN)/gigawatt plan $(SCENARIO)"

test: lint browser
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

lint: $(VENV)/dev.done
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/lint-imports
	$(BIN)/mypy

docs: $(VENV)/docs.done
	$(BIN)/python docs/generate.py
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html
	@echo "read: $(CURDIR)/docs/_build/html/index.html"

# Runs the tutorial's commands and writes what they print into it.
outputs: $(VENV)/base.done
	$(BIN)/python docs/build_outputs.py

bench: $(VENV)/dev.done
	$(BIN)/python benchmarks/bench_startup.py
	$(BIN)/python -m pytest benchmarks --benchmark-only --benchmark-sort=name -o python_files='bench_*.py' -p no:xdist

# --- the environment ----------------------------------------------------------------------------------------

$(VENV)/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "gigawatt needs Python 3.11 or newer; $(PYTHON) is missing or older. Name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
		{ echo "$(PYTHON) has no venv module; install it (on Debian the package python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# The package is installed in place (editable), so that its own files are the ones that run.
$(VENV)/%.done: requirements/%.txt pyproject.toml | $(VENV)/made
	$(PIP) install -qq --require-hashes --requirement requirements/$*.txt
	$(PIP) install -qq --no-deps --no-build-isolation --no-index --editable .
	@touch $@

# The browser tests need Chromium from the system's packages; without it they are skipped and say so.
browser:
	@if command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update --quiet --quiet && \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq --quiet --yes --no-install-recommends chromium; \
	else echo "Chromium is missing: install it with your package manager, or the browser tests are skipped."; fi

# --- upkeep -------------------------------------------------------------------------------------------------

COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header pyproject.toml requirements/build.in

# `make lock UPGRADE=--upgrade` takes the newest versions that fit; without it only what must change does.
lock: | $(VENV)/made
	$(PIP) install -qq uv==$(UV_VERSION)
	$(COMPILE) $(UPGRADE) --output-file requirements/base.txt
	$(COMPILE) $(UPGRADE) --extra dev --constraint requirements/base.txt --output-file requirements/dev.txt
	$(COMPILE) $(UPGRADE) --extra docs --constraint requirements/dev.txt --output-file requirements/docs.txt

clean:
	rm -rf $(VENV) build dist docs/_build docs/generated .benchmarks .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache
	find gigawatt tests tools docs benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
