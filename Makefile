# Every target works on a clean checkout with python3 (3.11 or later, with venv) and make.
.DEFAULT_GOAL := help
.PHONY: help setup demo test bench soak lint format locks

PORT ?= 8000
SIMULATOR_PORT ?= 8900
PYTHON ?= python3
VENV := .venv/bin

help: ## This list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

setup: ## Install into .venv, start the embedded database, apply migrations
	@$(PYTHON) scripts/bootstrap.py
	@$(VENV)/python manage.py prepare

demo: ## Everything on this machine: web, worker, simulator, sample data
	@$(PYTHON) scripts/bootstrap.py
	@PORT=$(PORT) SIMULATOR_PORT=$(SIMULATOR_PORT) exec $(VENV)/python manage.py demo

test: ## All checks and tests
	@$(PYTHON) scripts/bootstrap.py --dev
	@exec $(VENV)/python scripts/test.py

bench: ## Measure; prints figures, asserts nothing
	@$(PYTHON) scripts/bootstrap.py --dev
	@exec $(VENV)/python -m bench

soak: ## The fault tests and the state machine, many times over
	@$(PYTHON) scripts/bootstrap.py --dev
	@SOAK=200 exec $(VENV)/python -m pytest -n auto tests/faults tests/campaigns/test_sending_machine.py tests/conversations/test_openapi.py

lint: ## Style and types
	@$(VENV)/ruff check . && $(VENV)/ruff format --check . && $(VENV)/mypy .

format: ## Put the style right
	@$(VENV)/ruff check --fix . ; $(VENV)/ruff format .

locks: ## Resolve pyproject.toml into the hash-pinned requirements
	@for extra in "" dev; do $(VENV)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-annotate --no-header $${extra:+--extra $$extra} \
	    -o requirements$${extra:+-$$extra}.txt pyproject.toml; done
