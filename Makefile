# Two commands do everything: `make run` and `make test`. `make` alone lists what there is.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := .tools/bin/uv
export UV_PYTHON_DOWNLOADS := never
export UV_COMPILE_BYTECODE := 1
export UV_LINK_MODE := copy
export UV_NO_PROGRESS := 1
# The machine's own trust, so that it also works behind a company's or a school's proxy.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS := true
endif
unexport VIRTUAL_ENV
SOURCES := $(shell find src -type f -not -name '*.pyc' 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help run test test-all lint bench lock wheel clean

help: ## list what there is
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.run ## install and start the home; prints one address (ARGS="--lan" and so on)
	@exec $(BIN)/omamori run $(ARGS)

test: $(VENV)/.dev ## everything a clone can check by itself: lint, types, arrows, tests
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest -q -m "not slow" $(ARGS)

test-all: $(VENV)/.dev ## the same with the slow tests
	@$(MAKE) --no-print-directory lint
	@$(BIN)/python -m pytest -q $(ARGS)

lint: $(VENV)/.dev ## ruff, mypy, import-linter
	@$(BIN)/ruff format --check src tests bench examples tools
	@$(BIN)/ruff check src tests bench examples tools
	@$(BIN)/mypy
	@PYTHONPATH=src $(BIN)/lint-imports

bench: $(VENV)/.bench ## every benchmark, each a ratio against a named peer
	@for b in bench/*.py; do echo "== $$b"; $(BIN)/python $$b || exit 1; done

wheel: $(UV) ## build the wheel into dist/
	@$(UV) build --wheel --no-build-isolation-package uv_build -o dist . 

lock: $(UV) ## pin every dependency by hash, without naming where it comes from
	@$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml -o requirements.lock
	@$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	@$(UV) pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --group dev --group bench -c requirements-dev.lock pyproject.toml -o requirements-bench.lock

clean: ## forget the environments (never your data)
	@rm -rf $(VENV) .tools dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

# uv comes by the machine's own pip into a private folder, pinned by hash: Debian's pip refuses
# to touch the system (PEP 668), and a venv with pip would need ensurepip, which Debian splits off.
$(UV): requirements-uv.lock
	@$(PYTHON) tools/bootstrap.py .tools

$(VENV)/bin/python: $(UV)
	@$(UV) venv -q --allow-existing --python $(PYTHON) $(VENV)

$(VENV)/.base: requirements.lock $(VENV)/bin/python
	@echo "Installing (once)…"
	@$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.run: $(VENV)/.base pyproject.toml
	@$(UV) pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	@$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.bench: requirements-bench.lock $(VENV)/.dev
	@$(UV) pip install -q --python $(BIN)/python --require-hashes -r requirements-bench.lock
	@touch $@
