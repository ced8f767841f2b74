SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PORT ?= 5000
WORKERS ?= 2
PYTHON ?= python3.11 python3.12 python3.13 python3

BIN := .venv/bin
RUNTIME := .venv/.runtime
DEV := .venv/.dev
PIP := $(BIN)/python -m pip --disable-pip-version-check install --require-hashes --no-deps --no-compile
# On all cores, where pip takes one; some packages ship files for other Pythons, which cannot be compiled.
COMPILE := $(BIN)/python -m compileall -qq -j 0 .venv/lib >/dev/null || true
SOLVE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-emit-index-url --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)
# A version manager leaves names on PATH that start nothing, and Debian's python3 may lack venv: so each is tried.
FIND_PYTHON := for python in $(PYTHON); do \
	if "$$python" -c 'import sys, ensurepip, sqlite3, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		2>/dev/null; then command -v "$$python"; exit; fi; done; \
	echo "No Python 3.11, 3.12 or 3.13 with venv and sqlite3 among: $(PYTHON)." >&2; \
	echo "Install one (Debian: apt-get install python3 python3-venv), or name it: make PYTHON=/path/to/python3.11" >&2; exit 1
# pip fetches some 170 packages: a count now and then shows that it goes on.
PROGRESS := awk '/^(Collecting|Processing) / && ++n % 20 == 0 {print "  " n " packages"; fflush()} /^Installing collected/ {print "  unpacking"; fflush()}'

export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := 1
export TF_CPP_MIN_LOG_LEVEL ?= 3
# `mlflow run --env-manager local` calls whatever `python` is on PATH.
export PATH := $(CURDIR)/$(BIN):$(PATH)

# In absolute form, since `mlflow run` loses its run where it starts the script in another folder than its own.
DATABASE := sqlite:///$(CURDIR)/mlflow.db
demo server: export MLFLOW_TRACKING_URI := $(DATABASE)
demo server: export MLFLOW_REGISTRY_URI := gated:$(DATABASE)
demo server: export MLFLOW_PROD_POLICY := $(CURDIR)/policy.yaml

.PHONY: help demo server setup test faults check test-envs screenshots bench lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(RUNTIME) ## the whole idea on one machine: train, refuse, improve, promote, monitor (under 2 minutes after set-up)
	@$(BIN)/mlflow run . --env-manager local --experiment-name mlflow-prod-demo --run-name demo
	@printf '\nSee the runs, the slices and the refusals in the browser:\n\n  make server\n\n'

server: $(RUNTIME) ## MLflow's UI and REST API over what the demo left, gated, on http://127.0.0.1:$PORT (5000)
	@MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false $(BIN)/mlflow server --host 127.0.0.1 --port $(PORT) --workers 1 \
		--backend-store-uri "$$MLFLOW_TRACKING_URI" --registry-store-uri "$$MLFLOW_REGISTRY_URI" \
		--artifacts-destination "$(CURDIR)/mlartifacts"

setup: $(DEV) ## everything that tests and checks need, in .venv

test: $(DEV) ## every test, on $WORKERS processes (2) of about 1.5 GB each
	@$(BIN)/python -m pytest -n $(WORKERS) $(PYTEST)

faults: $(DEV) ## the tests that kill, swap and break, tried long: 200 kills of each kind, 1,000 swaps, 2,000 damaged files (minutes)
	@$(BIN)/python -m pytest tests/faults --kills 200 --swaps 1000 --mutants 2000 $(PYTEST)

check: $(DEV) ## ruff, mypy, the floors of the house, the documentation
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m checks.docs

test-envs: $(DEV) ## build the uv environment of MLproject and one with the oldest MLflow (3.6 GB each), try both, remove them
	@$(BIN)/python -m checks.environments

screenshots: $(DEV) ## the pictures of README and docs, anew from MLflow's UI and a report (needs Chromium)
	@$(BIN)/python -m docs.screenshots

bench: $(DEV) ## every benchmark, in its quick form
	@for script in benchmarks/*.py; do printf '\n== %s\n' "$$script"; $(BIN)/python "$$script" --quick; done

lock: | $(BIN)/uv ## solve the lock files and conda.yaml anew, keeping versions; UPGRADE=1 takes the newest ones
	@echo pip | $(SOLVE) pyproject.toml - --output-file requirements.lock
	@$(SOLVE) pyproject.toml --extra dev --constraint requirements.lock --output-file requirements-dev.lock \
		$$(sed -n 's/^\([a-z0-9._-]*\)==.*/--no-emit-package \1/p' requirements.lock)
	@$(BIN)/python -m checks.conda > conda.yaml

clean: ## remove .venv, build output and the tools' caches; runs and models stay
	@rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME): requirements.lock pyproject.toml
	@python=$$($(FIND_PYTHON)); echo "Setting up .venv with $$python: about 3 GB, a few minutes"; "$$python" -m venv .venv
	@awk '/^[a-z]/ {keep = /^pip==/} keep' requirements.lock > .venv/pip.lock
	@$(PIP) --quiet -r .venv/pip.lock
	@$(PIP) -r requirements.lock | $(PROGRESS)
	@echo "  compiling"; $(COMPILE)
	@$(BIN)/python -m pip install -qq --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m pip check
	@touch $@

$(DEV): $(RUNTIME) requirements-dev.lock
	@$(PIP) --quiet -r requirements-dev.lock
	@$(COMPILE)
	@$(BIN)/python -m pip check
	@touch $@

$(BIN)/uv:
	@$(MAKE) $(DEV)
