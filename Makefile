# Every habit of this project is a verb here; 'make help' lists them. CI calls the same verbs.

PYTHON := .venv/bin/python
LOCAL := $(PYTHON) -m broadsheet.local
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help up down reset logs status test lint format bench docs openapi migrate shell constraints ready-to-run ready-to-bench ready-to-test

help: ## show this list
	@printf 'Broadsheet: make <verb>\n\n'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r verb what; do printf '  %-13s %s\n' "$$verb" "$$what"; done
	@printf '\nBROADSHEET_HOME (default .broadsheet) is where data goes, BROADSHEET_PORT (default 8400) where the browser looks.\n'

up: ready-to-run ## install what is missing, start everything on this machine, say where to look
	@$(LOCAL) up

down: ## stop everything; data stays
	@if [ -x $(PYTHON) ]; then $(LOCAL) down; else echo 'Nothing was running.'; fi

reset: ## stop everything and delete all data
	@if [ -x $(PYTHON) ]; then $(LOCAL) reset; else echo 'Nothing was running.'; fi

status: ready-python ## what runs: process, port, state, restarts, memory
	@$(LOCAL) status

logs: ready-python ## follow what all processes say (one server: make logs OF=postgres)
	@$(LOCAL) logs --follow $(OF)

shell: ready-python ## a shell with the settings of the running installation (psql, python, broadsheet …)
	@$(LOCAL) shell

migrate: ready-python ## bring the running installation's database to the newest revision
	@$(LOCAL) migrate

test: ready-to-test ## everything CI checks: lint, types, unit, integration and browser tests
	@$(MAKE) --no-print-directory lint
	$(PYTHON) -m pytest $(ARGS)

lint: ready-to-test ## style, types and import rules, Python and front end
	ruff check .
	ruff format --check .
	mypy
	lint-imports
	@if [ -f web/ui/package.json ]; then cd web/ui && npm run --silent lint && npm run --silent typecheck && npm run --silent test; fi

format: ready-to-run ## put all files into house style
	ruff check --fix --quiet . || true
	ruff format .
	@if [ -f web/ui/package.json ]; then cd web/ui && npm run --silent format; fi

bench: ready-to-bench ## measure against the targets, as ratios to a baseline in the same run
	$(PYTHON) -m bench $(ARGS)

docs: ready-python ## write the generated parts of docs/
	@$(PYTHON) -m docs.generate

openapi: ready-python ## write openapi.json from the contracts
	@$(PYTHON) -c 'import json; from flask import Flask; from web.edge import api, openapi; \
		print(json.dumps(openapi.document(api.install(Flask("web.edge")), api.BASE), indent=2))' > openapi.json
	@echo openapi.json

constraints: ready-python ## resolve all pins anew into constraints.txt
	uv pip compile --quiet --all-extras --no-header --no-annotate --no-emit-index-url --universal --python-version 3.11 \
		--upgrade --override overrides.txt --output-file constraints.txt setup.cfg

ready-python:
	@scripts/bootstrap.sh python

ready-to-run:
	@scripts/bootstrap.sh run

ready-to-bench:
	@scripts/bootstrap.sh bench

ready-to-test:
	@scripts/bootstrap.sh test
