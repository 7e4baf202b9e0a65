# `make demo` and `make test` do their own set-up; both can be repeated.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# optimade-maker pins pandas below 3: an environment of its own, for the test that starts a real OPTIMADE server.
OPTIMADE := .venv-optimade
# Tests run in as many processes as there are cores (four at most), one thread each, a file never in two.
WORKERS := --numprocesses auto --maxprocesses 4 --dist loadfile
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt

.PHONY: help install demo test optimade exactness lint docs clean

help:
	@echo "make demo     run the whole discovery for LZSP on this machine (some minutes on 2 cores)"
	@echo "make test     install what tests need, lint, build the docs, run all tests"
	@echo "make optimade make $(OPTIMADE), in which optimade-maker serves an export for one of the tests"
	@echo "make exactness  compare every backend of the potential with float64 CHGNet on all cases (minutes)"
	@echo "make install  make $(VENV) with the pinned versions"
	@echo "make lint     ruff, mypy, import-linter"
	@echo "make docs     build the documentation into docs/_build/html"
	@echo "make clean    remove $(VENV), the demo's profile and build products"

$(VENV)/.installed: pyproject.toml constraints.txt setup.py $(wildcard aiida_hezsp/potential/native/src/*)
	@echo "Installing into $(VENV) (about 2 minutes, 3 GB) ..."
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(PIP) --editable .
	@$(BIN)/hezsp-engine --version | tail -n 1  # the processor's instructions, or 'not built': PyTorch then
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@echo "Installing the tools for tests and docs ..."
	$(PIP) --editable '.[dev]'
	@touch $@

$(OPTIMADE)/.installed: constraints-optimade.txt
	@echo "Installing optimade-maker into $(OPTIMADE) (about 1 minute, 0.6 GB) ..."
	@$(OPTIMADE)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(OPTIMADE)
	$(OPTIMADE)/bin/python -m pip install --disable-pip-version-check --quiet \
		--constraint constraints-optimade.txt 'optimade-maker[aiida]==1.0.0'
	@touch $@

optimade: $(OPTIMADE)/.installed

install: $(VENV)/.installed

demo: install
	$(BIN)/aiida-hezsp demo $(DEMO_OPTIONS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.installed-dev
	$(BIN)/sphinx-build -W --keep-going -q -b html docs docs/_build/html

test: lint docs optimade
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest $(WORKERS) $(PYTEST_OPTIONS)

exactness: $(VENV)/.installed-dev
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest $(WORKERS) -m "exactness or not exactness" \
		tests/potential/exactness $(EXACTNESS_OPTIONS)

clean:
	rm -rf $(VENV) $(OPTIMADE) .demo docs/_build build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
