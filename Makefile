# Requires Python 3.11 or newer and make; everything else is installed into the checkout.

UV_VERSION := 0.13.9
UV := $(shell command -v uv || echo .tenure/uv/bin/uv)
PYTHON ?= python3
PROJECTS := $(wildcard */pyproject.toml plugins/*/pyproject.toml)

# The first `make run` downloads GraphiQL with npm. If npm is missing, a Python package that contains it is
# installed too (61 MB).
LOCKS := requirements.lock $(if $(shell command -v npm 2>/dev/null),,requirements-ide.lock)

# Lets Python store compiled modules, which halves the startup time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test check bench lock

help:
	@echo "make run    start Tenure with demo data on http://127.0.0.1:8000/graphql"
	@echo "make test   run every test against a real PostgreSQL"
	@echo "make check  run the linters, the types and the import contracts"
	@echo "make bench  measure Tenure against a bare route and a plain server"
	@echo "make lock   resolve the dependencies again and write requirements*.lock"

run: .venv/installed
	@.venv/bin/tenure demo

test: .venv/installed
	.venv/bin/pytest -n 2 --dist loadfile --no-loadscope-reorder

check: .venv/installed
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: .venv/installed
	.venv/bin/python tests/bench/$(if $(BASE),compare.py $(BASE),run.py)

# The locks contain versions and hashes only; the package index is a setting of the machine.
lock: $(UV)
	$(UV) lock
	$(UV) export --quiet --frozen --all-packages --no-emit-workspace --no-annotate --no-header \
		--output-file requirements.lock
	$(UV) export --quiet --frozen --only-group ide --no-annotate --no-header \
		--output-file requirements-ide.lock

.venv/installed: .venv/synced $(PROJECTS)
	$(UV) pip install --quiet --python .venv --no-deps $(PROJECTS:%/pyproject.toml=--editable ./%)
	@touch $@

.venv/synced: $(LOCKS) .venv/bin/python | $(UV)
	$(UV) pip sync --python .venv --require-hashes $(LOCKS)
	@touch $@

.venv/bin/python: | $(UV)
	$(UV) venv --quiet --clear --python '>=3.11' .venv

.tenure/uv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tenure needs Python 3.11 or newer: set PYTHON=/path/to/python.")'
	$(PYTHON) -m venv .tenure/uv
	.tenure/uv/bin/pip install --quiet uv==$(UV_VERSION)
