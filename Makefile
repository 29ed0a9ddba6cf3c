# Needs Python 3.11 or newer and make; everything else is brought into the checkout.

UV_VERSION := 0.13.9
UV := $(shell command -v uv || echo .tenure/uv/bin/uv)
PYTHON ?= python3
PROJECTS := $(wildcard */pyproject.toml plugins/*/pyproject.toml)

# Python starts twice as fast from the compiled files that it then may keep.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test check bench lock

help:
	@echo "make run    start Tenure with demo data on http://127.0.0.1:8000/graphql"
	@echo "make test   run every test against a real PostgreSQL"
	@echo "make check  run the linters, the types and the import contracts"
	@echo "make bench  measure Tenure beside a bare route and a plain server"
	@echo "make lock   resolve the dependencies anew and write requirements.lock"

run: .venv/installed
	@.venv/bin/tenure demo

test: .venv/installed
	.venv/bin/pytest -n 2 --dist loadfile

check: .venv/installed
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: .venv/installed
	.venv/bin/python tests/bench/run.py

# The lock names versions and hashes only: where packages come from is each machine's own setting.
lock: $(UV)
	$(UV) lock
	$(UV) export --quiet --frozen --all-packages --no-emit-workspace --no-annotate --no-header \
		--output-file requirements.lock

.venv/installed: .venv/synced $(PROJECTS)
	$(UV) pip install --quiet --python .venv --no-deps $(PROJECTS:%/pyproject.toml=--editable ./%)
	@touch $@

.venv/synced: requirements.lock .venv/bin/python | $(UV)
	$(UV) pip sync --python .venv --require-hashes requirements.lock
	@touch $@

.venv/bin/python: | $(UV)
	$(UV) venv --quiet --clear --python '>=3.11' .venv

.tenure/uv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tenure needs Python 3.11 or newer: set PYTHON=/path/to/python.")'
	$(PYTHON) -m venv .tenure/uv
	.tenure/uv/bin/pip install --quiet uv==$(UV_VERSION)
