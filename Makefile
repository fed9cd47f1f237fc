# rnncompare. `make` lists what there is to do; every target sets up what it needs, once.
PYTHON ?= python3
VENV := .venv
INSTALLED := $(VENV)/.installed
READY := $(VENV)/.ready
BIN := $(VENV)/bin

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

run: $(INSTALLED) ## Train a GRU on real text, and show what it cost and how good it got
	$(BIN)/python -m rnncompare.run model=gru data.size=small

test: $(READY) ## Run the tests, two at a time where they do not mind
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m 'not slow and not alone and not nightly'
	$(BIN)/python -m pytest -m alone

test-slow: $(READY) ## Run the rest: a Slurm of one node, the wheel, compilers, sweeps killed again and again
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m slow

test-nightly: $(READY) ## Every combination of settings, a thousand odd command lines, fifty kills of a sweep
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m nightly
	$(BIN)/python -m tools.torture

lint: $(READY) ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(INSTALLED) ## Time training updates of every implementation beside torch's own
	$(BIN)/python -m rnncompare.bench

gpu: $(READY) ## On a GPU, in nine minutes: its tests, kernels against cuDNN, memory, claims, 30 runs as one
	$(BIN)/python -m tools.gpu

report: $(INSTALLED) ## The page of the second study, made again from its records
	$(BIN)/python -m rnncompare.report results/published/second_study --output results/report

clean: ## Remove the virtual environment; results stay
	rm -rf $(VENV)

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "rnncompare needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(READY): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

.DEFAULT_GOAL := help
.PHONY: help run test test-slow test-nightly lint bench gpu report clean
