# Sarhad. `make` lists the targets. Settings: PYTHON=python3.12  SOURCES=demo|live  API_PORT=8080
# SARHAD_HOME=folder for all data (default var/)  FROM= TO= days, as 2024-01-15  REPROCESS=none|failed|completed

.DEFAULT_GOAL := help
.PHONY: help setup run up down test check backfill sql report eval bench browser clean

PYTHON ?= python3
SOURCES ?= $(or $(SARHAD_SOURCES),demo)
REPROCESS ?= completed
export SARHAD_SOURCES := $(SOURCES)
# A shell that forbids byte code makes every start of Airflow some seconds slower.
unexport PYTHONDONTWRITEBYTECODE

BIN := .venv/bin
OPERATE := $(BIN)/python -m pipeline.operate
SARHAD := $(BIN)/sarhad
# Tests marked `shared` compare with the folder ../shared, which only some checkouts have beside them.
MARKS := $(if $(wildcard ../shared/contracts),,-m "not shared")

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

setup: ## install everything into .venv; quick when there is nothing to do
	@$(PYTHON) pipeline/operate/install.py

run: setup ## the demo: six days of news through a real Airflow, then the incidents and one explained
	@$(OPERATE) run

up: setup ## start Airflow and leave it running; prints address, user and password (SOURCES=live: real outlets)
	@$(OPERATE) up

down: ## stop Airflow and everything that came with it
	@if test -x $(BIN)/python; then $(OPERATE) down; fi

test: setup ## all tests, with a real Airflow on a real PostgreSQL
	$(BIN)/python -m pytest -n 2 --dist loadfile $(MARKS)

check: setup ## ruff, mypy and the quick tests of contract, audits and DAGs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -m "not e2e and not shared" $(wildcard tests/test_contract.py tests/test_sql.py tests/test_dags.py)

backfill: setup ## run the days FROM= to TO= through Airflow, started for it where it does not run
	@test -n "$(FROM)" -a -n "$(TO)" || { echo "make backfill FROM=2024-01-15 TO=2024-01-20"; exit 2; }
	@$(OPERATE) backfill --from "$(FROM)" --to "$(TO)" --reprocess "$(REPROCESS)"

sql: setup ## ask the release in SQL
	@$(SARHAD) sql

report: setup ## open the report of the release in a browser, or print where it is
	@$(OPERATE) report

eval: setup ## precision and recall on the gold sets, against their floors
	@$(BIN)/python -m pipeline.evaluate
	@$(BIN)/python -m pipeline.evaluate.clusters

bench: setup ## measure start, memory at rest, cost per task and six days, on this machine
	@$(OPERATE) bench

browser: setup ## Chromium for tests that click through the UI: find it, or install Debian's package
	@$(OPERATE) browser

clean: ## stop Airflow, delete environment and caches; DATA=yes deletes archive, lake, warehouse and releases too
	@if test -x $(BIN)/python; then $(OPERATE) $(if $(filter yes,$(DATA)),remove,down); fi
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis var/bootstrap
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
