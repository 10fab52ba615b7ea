# `make run` and `make test`; README.md says what plain commands they stand for.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.PHONY: run test bench clean

run: $(VENV)/.installed
	$(BIN)/python bot.py

test: $(VENV)/.installed-tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n auto --dist loadfile

# Needs the data sets: DATA=FOLDER, or ../shared/data.
DATA ?= ../shared/data
bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks --data $(DATA)

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --upgrade "pip>=25.1"
	$(BIN)/pip install --editable .
	touch $@

$(VENV)/.installed-tests: $(VENV)/.installed
	$(BIN)/pip install --group test
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info
