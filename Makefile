# make demo and make test each do all the set-up on a fresh machine that has python3.11+ and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup demo test check bench prove peers serve format clean

help:  ## what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

setup: $(VENV)/.ready  ## .venv with everything pinned, and .venv/bin/thresher

# Compiled once here: where Python may not write beside its sources, every command would compile anew what it imports.
$(VENV)/.ready: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet uv==0.13.9
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --editable . --group dev
	$(BIN)/python -m compileall -q service connectors
	touch $@

demo: setup  ## the main job on a sandbox: connectors, ledger, alert
	$(BIN)/thresher demo

test: setup  ## the fast tests
	$(BIN)/python -m pytest

check: setup  ## format, lint, types, import rules, docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/architecture

bench: setup  ## benchmarks, as ratios (ARGS="gains --million --peers" for parts and more)
	$(BIN)/python -m tests.benchmarks $(ARGS)

prove: setup  ## the ledger's properties on thousands of random histories, with a fixed seed (minutes)
	LEDGER_EXAMPLES=5000 $(BIN)/python -m pytest -q --hypothesis-seed=7 tests/domain/test_ledger_machine.py tests/domain/test_properties.py

peers: setup  ## every match beside RP2, coinbasis and BittyTax on fresh random histories (installs them apart)
	$(BIN)/python -m tests.benchmarks.peers

serve: setup  ## web page, JSON API and scheduler on loopback
	$(BIN)/thresher serve

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache
