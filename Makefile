# The front door. Everything happens in .venv, in this folder; each target works from a fresh clone.

.PHONY: demo test test-gpu check bench format clean slurm-up slurm-down

PYTHON ?= python3
BIN := .venv/bin
SOURCES := yogo yogo_tui tests benchmarks

demo: .venv/ready
	@$(BIN)/yogo-tui demo

test: .venv/ready-dev
	tests/slurm/install.sh
	$(BIN)/pytest

test-gpu: .venv/ready-dev
	$(BIN)/python tests/gpu

check: .venv/ready-dev
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/ready-dev
	$(BIN)/python -m benchmarks

format: .venv/ready-dev
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

slurm-up slurm-down: slurm-%: .venv/ready-dev
	tests/slurm/install.sh
	$(BIN)/python tests/slurm/private.py $*

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# A half-made environment is not reused: the marker is written last.
.venv/ready: pyproject.toml
	@./bootstrap.sh $(PYTHON) '.[train,tui]'
	@touch $@

.venv/ready-dev: .venv/ready
	@./bootstrap.sh $(PYTHON) '.[all]' --group dev
	@touch $@
