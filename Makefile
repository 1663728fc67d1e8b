# mqlab: two commands matter, `make demo` and `make test`. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# The tests start hundreds of processes: without compiled modules each of them spends over a second on compiling.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install axe demo test engines lint types golden images bench calibrate long clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

$(VENV)/.demo: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,postgres,spark]'
	touch $@ $(VENV)/.demo

AXE := $(VENV)/node_modules/axe-core/axe.min.js
$(AXE):
	@if command -v npm >/dev/null; then \
	  npm install --prefix $(VENV) --silent --no-audit --no-fund --no-save --ignore-scripts axe-core@4.14.1; \
	else echo "no npm: the test of accessibility will be skipped"; fi

axe: $(VENV)/.dev $(AXE) ## install axe-core in .venv, for the test of accessibility

install: $(VENV)/.dev ## make .venv with everything development needs

demo: $(VENV)/.demo ## from lead to report on a simulated quarter, in ./mqlab-demo
	$(BIN)/mqlab demo mqlab-demo --force

test: $(VENV)/.dev axe lint types ## lint, types and the test suite
	$(PYTEST) -m "not calibration and not long and not engines" mqlab tests

engines: $(VENV)/.dev axe ## hundreds of definitions, Apache Spark, servers that fail, every format of a report
	$(PYTEST) --timeout 1200 -m "engines and not calibration and not long" tests

lint: $(VENV)/.dev ## ruff and the import floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev ## the strict type checker
	$(BIN)/mypy

golden: $(VENV)/.dev ## regenerate golden files and the README's output; review their diff like code
	MQLAB_GOLDEN=write $(BIN)/python -m pytest -n 0 -m "not calibration and not long" -k golden tests

images: $(VENV)/.dev demo ## draw the images of the docs from the demo
	$(BIN)/python docs/images/draw.py mqlab-demo

bench: $(VENV)/.dev ## speed and memory, as ratios to a reference in the same run
	@for file in benchmarks/[a-z]*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

calibrate: $(VENV)/.dev ## the simulation bars: coverage, type I error, power
	$(PYTEST) -m calibration --timeout 2400 tests/calibration

long: $(VENV)/.dev ## long property and fault runs, by hand before a release
	$(PYTEST) -m long --timeout 3600 tests

clean: ## remove what the commands made
	rm -rf $(VENV) mqlab-demo .mqlab .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
