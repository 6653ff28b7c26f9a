# One way to run things: the same commands here and in CI. `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
# What is installed for tests: everything. Without an extra, its tests are left out and say so.
TEST_EXTRAS ?= espeak,whisper-torch,mind,tools,liveportrait,xtts,tracing,dev
# Without bytecode on disk, each of some hundred processes that tests start would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE
# What builds the package itself, without which no editable install is made.
BUILD := hatchling==1.33.0 editables==0.6
UI := ui/avatar-chat
NODE := $(CURDIR)/bin/with-node
UI_SOURCES := $(shell find $(UI)/src $(UI)/public $(UI)/index.html $(UI)/package-lock.json $(UI)/vite.config.ts -type f 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help up mind cluster ui quick test chaos soak attack check check-programs check-page fix doctor clean lock all-tools

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

up: .venv/installed $(UI)/dist/index.html ## set up what is missing, start everything, print the address
	@$(BIN)/visavis models fetch set-up || echo '— simpler engines serve until the models are there'
	@exec $(BIN)/visavis up

mind: .venv/installed ## a language model of its own: llama.cpp and 1.1 GB of weights, used from the next start on
	@$(BIN)/pip install --disable-pip-version-check --progress-bar on -q -c constraints.txt -e '.[mind]'
	@$(BIN)/visavis models fetch mind

cluster: .venv/installed ## three NATS nodes on this machine, for what has to outlive one of them
	@exec $(BIN)/visavis cluster

doctor: .venv/installed ## what is installed, which engines would be used, what is in the way
	@$(BIN)/visavis doctor

ui: $(UI)/dist/index.html ## build the page

test: all-tools .setup/models/fetched ## all tests, with coverage
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -m 'not alone' -n logical --maxprocesses 8 --dist loadfile --no-loadscope-reorder
	$(BIN)/coverage run -m pytest -m alone
	$(BIN)/coverage combine -q
	$(BIN)/coverage report
	cd $(UI) && $(NODE) npm test

quick: .venv/installed-dev $(UI)/node_modules/.installed ## the tests that need no server and no engine, and the page's: a good minute
	$(BIN)/python -m pytest -q -m quick -n logical --maxprocesses 8 --dist loadfile
	cd $(UI) && $(NODE) npm test --silent

chaos: .venv/installed-dev .setup/tools ## a long run under faults of every kind, power cuts, a cluster; SEED and TURNS choose it
	$(BIN)/python -m tests.chaos --seed $(or $(SEED),1) --turns $(or $(TURNS),200)
	$(BIN)/python -m tests.chaos.nodes --seed $(or $(SEED),1)
	$(BIN)/python -m tests.chaos.power_cut --seed $(or $(SEED),1)

soak: .venv/installed-dev .setup/tools ## an hour of talk under faults, and what has grown meanwhile; MINUTES and SEED choose it
	$(BIN)/python -m tests.soak --minutes $(or $(MINUTES),60) --seed $(or $(SEED),1)

attack: .venv/installed-dev .setup/tools ## strangers attack a system while somebody talks
	$(BIN)/python -m tests.attack --seconds $(or $(SECONDS_EACH),8)

check: .venv/installed-dev $(UI)/node_modules/.installed ## style, types and import rules; changes nothing
	@# Side by side: each of them uses one core.
	@$(MAKE) --no-print-directory -j2 check-programs check-page

check-programs:
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m visavis.generate.typescript --check
	$(BIN)/python -m visavis.generate.events_page --check
	$(BIN)/python -m visavis.generate.settings_page --check
	$(BIN)/python -m visavis.generate.analytics_page --check

check-page:
	cd $(UI) && $(NODE) npm run check

fix: .venv/installed-dev ## mend what can be mended by itself, and make the generated files anew
	$(BIN)/ruff check --fix .
	$(BIN)/python -m visavis.generate.typescript
	$(BIN)/python -m visavis.generate.events_page
	$(BIN)/python -m visavis.generate.settings_page
	$(BIN)/python -m visavis.generate.analytics_page

lock: .venv/installed-dev ## the hashes of what `make up` installs, after a version has changed
	@$(BIN)/pip install --disable-pip-version-check -q uv==0.13.9
	@{ sed -n '1p' requirements.lock; $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-header --extra espeak -c constraints.txt pyproject.toml <(echo $(BUILD) | tr ' ' '\n'); \
	  } > requirements.lock.new && mv requirements.lock.new requirements.lock

clean: ## remove what was installed and built; keeps data/
	rm -rf .venv .setup $(UI)/node_modules $(UI)/dist

# Set-up, done when needed

# Packages, page and browser come from different places: side by side they take as long as the slowest of them.
all-tools:
	@$(MAKE) --no-print-directory -j3 .venv/installed-dev $(UI)/dist/index.html .setup/tools

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'error: Python 3.11 or newer is needed (set PYTHON=…)'; exit 1; }
	@echo '— making a virtual environment'
	@$(PYTHON) -m venv .venv || { echo 'error: python3 -m venv failed; on Debian: apt-get install python3-venv'; exit 1; }

.venv/installed: .venv/bin/python pyproject.toml constraints.txt requirements.lock
	@echo '— installing Python packages'
	@# Nothing but what was there when the versions were chosen: a file with another hash is not installed.
	@$(BIN)/pip install --disable-pip-version-check --progress-bar on -q --require-hashes -r requirements.lock
	@$(BIN)/pip install --disable-pip-version-check -q --no-deps --no-build-isolation -e .
	@touch $@

.venv/installed-dev: .venv/installed
	@echo '— installing the tools for tests'
	@# Of these packages a small part is ever imported: what is not compiled now is compiled then.
	@$(BIN)/pip install --disable-pip-version-check -q --no-compile -c constraints.txt -e '.[$(TEST_EXTRAS)]'
	@touch $@

$(UI)/node_modules/.installed: $(UI)/package.json $(UI)/package-lock.json
	@echo '— installing the packages of the page'
	@cd $(UI) && $(NODE) npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(UI)/dist/index.html: $(UI)/node_modules/.installed $(UI_SOURCES)
	@echo '— building the page'
	@cd $(UI) && $(NODE) npm run build --silent
	@touch $@

# The published models that tests load. Where one cannot be had, its tests are left out and say so.
.setup/models/fetched: .venv/installed-dev
	@mkdir -p $(@D)
	@VISAVIS_MODELS=$(@D) $(BIN)/visavis models fetch set-up background whisper-base || echo '— some models are missing; their tests are left out'
	@touch $@

# The browser and the voice that tests speak with come from Debian.
.setup/tools:
	@bin/test-tools
	@mkdir -p .setup && touch $@
