# Everything from a fresh machine with Python (3.11 or newer) and make.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check install -c constraints.txt

# Each file of tests runs as a whole in one of up to four processes: one more than there are
# processors, because some tests mostly wait for a GIMP or a browser.
PYTEST = $(BIN)/python -m pytest -n $$($(BIN)/python -c 'import os; print(min(4, os.cpu_count() + 1))')

.PHONY: soak help demo pictures test test-all check check-all lint docs format bench bench-gpu bundles clean

help:
	@echo "make demo       take an object out of a photograph, and show it"
	@echo "make test       the tests, without the exhaustive ones"
	@echo "make test-all   every test"
	@echo "make check      format, lint, types, tests"
	@echo "make check-all  the same with every test, as continuous integration runs it"
	@echo "make soak       an hour of load and kills; SECONDS=120 for less"
	@echo "make bench      benchmarks on the CPU"
	@echo "make bench-gpu  benchmarks on a GPU"
	@echo "make docs       the guide, as web pages in build/site"
	@echo "make pictures   the guide's pictures anew, in real programs; KINDS=\"fills terminal\" for some"
	@echo "make bundles    one archive for GIMP for each system, in dist/"
	@echo "make format     format the code"
	@echo "make clean      remove what these commands have made"

demo: $(VENV)/.demo
	@$(BIN)/python -m scripts.demo

test: $(VENV)/.test
	$(PYTEST) -m "not exhaustive"

test-all: $(VENV)/.test
	$(PYTEST)

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint test

check-all: lint docs test-all

# Warnings are errors, dead links among them; with --quiet they would not be.
docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build
	@echo "The guide: build/site/index.html"

# Needs Xvfb, Chromium and Node for the editors' windows.
pictures: $(VENV)/.test
	$(BIN)/python -m scripts.pictures $(KINDS)

# An hour of twenty mixed clients while workers are killed; SECONDS=120 for less.
SECONDS ?= 3600
soak: $(VENV)/.test
	$(BIN)/python -m tests.faults.load --seconds $(SECONDS)

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.test
	@for script in $(filter-out %_gpu.py,$(wildcard bench/*.py)); do \
		echo "== $$script"; $(BIN)/python $$script || exit 1; done

bench-gpu: $(VENV)/.test
	@for script in $(wildcard bench/*_gpu.py); do \
		echo "== $$script"; $(BIN)/python $$script || exit 1; done

bundles: $(VENV)/.base
	@$(BIN)/python scripts/make_bundles.py

clean:
	rm -rf $(VENV) demo build dist .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "inpaintd needs Python 3.11 or newer: install it, or name it with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || { echo "Python cannot make a virtual environment here; on Debian: apt install python3-venv" >&2; exit 1; }
	@echo "Installing into $(VENV) ..."
	@$(PIP) pip
	@touch $@

# -e: the stamps say what is installed, the code is used where it lies.
$(VENV)/.base: $(VENV)/.made pyproject.toml constraints.txt
	@$(PIP) -e .
	@touch $@

$(VENV)/.demo: $(VENV)/.base
	@$(PIP) scikit-image
	@touch $@

$(VENV)/.test: $(VENV)/.base
	@$(PIP) -e '.[cluster,diffusion]' --group test
	@touch $@

$(VENV)/.dev: $(VENV)/.test
	@$(PIP) --group dev
	@touch $@

$(VENV)/.docs: $(VENV)/.base
	@$(PIP) --group docs
	@touch $@
