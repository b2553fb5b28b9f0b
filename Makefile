# `make demo` opens the detector in the browser, `make test` runs every check. `make` alone lists the rest.
#
# Everything is installed into $(VENV), nothing outside it. A stamp file in there says what was installed
# since pyproject.toml last changed, so that a second call starts at once.

SHELL := /bin/sh
VENV ?= .venv
BIN := $(VENV)/bin
APP := $(BIN)/.installed-app
ALL := $(BIN)/.installed-all
OUTPUT ?= runs/mine

# The first Python that starts, is 3.10 to 3.13 and can make an environment: a name on PATH may be an empty
# shim, and Debian's python3 lacks ensurepip until python3-venv is installed.
NAMES := python3.11 python3.12 python3.13 python3.10 python3
USABLE := import sys, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 14))
PYTHON ?= $(shell for name in $(NAMES); do $$name -c '$(USABLE)' 2>/dev/null && echo $$name && break; done)

# Programs that tests and tools start by name (accelerate, unmask) are those of the environment.
export PATH := $(abspath $(BIN)):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test check format train readme pictures docs

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name text; do \
		printf '  make %-8s %s\n' "$$name" "$$text"; done

demo: $(APP) ## open the detector in the browser; installs no torch
	$(BIN)/python app.py

test: check ## install everything, then style, types, layers and all tests; ARGS="-k hub" picks some
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

check: $(ALL) ## style, types and layers, without the tests
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/lint-imports

format: $(ALL) ## put the code into its one format, and mend what ruff can mend
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

train: $(ALL) ## train on DATA="folder folder2" into OUTPUT=runs/mine; flags in ARGS="--epochs 3"
	@test -n "$(DATA)" || { echo 'Name the data: make train DATA=folder (README.md, "Train").' >&2; exit 2; }
	$(BIN)/accelerate launch train/train.py $(DATA:%=--data %) --output $(OUTPUT) $(ARGS)

readme: $(ALL) ## put the scores of the shipped detector into README.md
	$(BIN)/python -m unmask.evaluation.readme_scores README.md

pictures: $(ALL) ## take the pictures of README.md and docs/index.md anew
	$(BIN)/python docs/make_pictures.py

docs: $(ALL) ## build the pages of docs/ into build/docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

define make_environment
@$(BIN)/python -m pip --version >/dev/null 2>&1 || { python='$(PYTHON)'; \
	test -n "$$python" || { echo 'There is no Python 3.10 to 3.13 with venv and pip. Install one' \
		'(Debian: apt-get install python3 python3-venv), or name it: make demo PYTHON=/path/to/python3' >&2; \
		exit 1; }; \
	"$$python" -c '$(USABLE)' 2>/dev/null || { \
		echo "$$python cannot be used: it is not Python 3.10 to 3.13, or has no venv and pip." >&2; exit 1; }; \
	echo "Making $(VENV) with $$python."; "$$python" -m venv "$(VENV)"; }
endef

$(APP): pyproject.toml
	$(make_environment)
	@echo 'Installing Unmask and its page: once, about two minutes.'
	@$(BIN)/python -m pip install --quiet --editable '.[app]'
	@touch $@

# torch and torchvision go first and together: the newest pair, from one place. A torch that fits by its
# version but was built elsewhere breaks torchvision's operators; the import shows it.
$(ALL): pyproject.toml
	$(make_environment)
	@echo 'Installing everything, torch too: once, some minutes.'
	@$(BIN)/python -m pip install --quiet torch torchvision
	@$(BIN)/python -m pip install --quiet --editable '.[app,train,dev]'
	@$(BIN)/python -c 'import torchvision' || { echo 'torch and torchvision do not match. Install both from' \
		'one place: $(BIN)/python -m pip install --force-reinstall torch torchvision' >&2; exit 1; }
	@touch $(APP) $@
