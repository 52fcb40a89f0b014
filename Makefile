# The front door. Everything happens in .venv, in this folder; each target works from a fresh clone.

.PHONY: demo test quick test-gpu check bench format docs pages screenshots lock clean slurm-up slurm-down

PYTHON ?= python3
BIN := .venv/bin
SOURCES := yogo yogo_tui tests benchmarks tools
SIDE_BY_SIDE = --numprocesses $$(($$(nproc) + 2)) --maxprocesses 8 --dist loadfile

demo: .venv/ready
	@$(BIN)/yogo-tui demo

# All tests, side by side: a process for each core and two more, as many only wait; eight at most, as each takes two
# gigabytes. What fails is tried once more, alone: where it passes then, the machine was too busy for it, and the report
# of the first try stands above. Five that fail again end it.
test: .venv/ready-dev
	tests/slurm/install.sh
	$(BIN)/pytest $(SIDE_BY_SIDE) || { [ $$? = 1 ] && $(BIN)/pytest --last-failed --last-failed-no-failures none --maxfail 5; }

# The inner loop, a minute on two cores: the light tests, and those that what differs from main touches (tests/quick.py),
# none of them a second time through SSH.
quick: .venv/ready-dev
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/pytest $(SIDE_BY_SIDE) -m "not far" $$($(BIN)/python -m tests.quick)

test-gpu: .venv/ready-dev
	$(BIN)/python tests/gpu

check: .venv/ready-dev
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

bench: .venv/ready-dev
	$(BIN)/python -m benchmarks

format: .venv/ready-dev
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

docs: pages
	$(BIN)/zensical build --clean --strict

pages: .venv/ready-dev
	$(BIN)/python -m tools.pages

screenshots: .venv/ready-dev
	$(BIN)/python -m tools.screenshots docs/images

lock: .venv/ready-dev
	$(BIN)/uv lock --no-config --default-index https://pypi.org/simple

slurm-up slurm-down: slurm-%: .venv/ready-dev
	tests/slurm/install.sh
	$(BIN)/python tests/slurm/private.py $*

clean:
	rm -rf .venv site .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# A half-made environment is not reused: the marker is written last.
.venv/ready: pyproject.toml
	@./bootstrap.sh $(PYTHON) '.[train,tui]'
	@touch $@

.venv/ready-dev: .venv/ready
	@./bootstrap.sh $(PYTHON) '.[all]' --group dev
	@touch $@
