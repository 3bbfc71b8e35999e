# Everything from one word. `make chaos` and `make test` need nothing but Python 3.11.

# For `pipefail`.
SHELL := /bin/bash
VENV := .venv
PYTHON := $(VENV)/bin/python
# Made anew when the lock changes.
READY := $(VENV)/.made-from-lock

# What app/config/settings.py wants from the environment, for tools that only read it.
APP_SETTINGS := SECRET_KEY=- DATABASE_URL=postgres://- BROKER_URL=- REDIS_URL=- PYTHONPATH=app

# make chaos ARGS="-k outbox --seed 7"; a -k of yours goes before the core's
ARGS :=

# Each design's weakness, and each promise, in under five minutes.
# The design retry is there for stories of Celery's versions.
CORE := (baseline or broker_outage or postgres_outage or pool_child_killed or \
	worker_cut_off or worker_killed) and not retry

# The run that `make example` shows.
RUN := reports/latest

.DEFAULT_GOAL := help
.PHONY: help chaos chaos-all test integration integration-app integration-faults \
	integration-stories test-check faults check proof track-record bench bench-peer format setup doctor down clean lock \
	mutants browser example

help:
	@echo 'make chaos    run the core scenarios against every design, and write the report'
	@echo '              (make chaos ARGS="-k outbox --seed 7": what pytest scenarios takes)'
	@echo 'make chaos-all  the same with every scenario'
	@echo 'make test     pass the tests: make check, integration tests, three scenarios'
	@echo 'make faults   each kind of fault on the real stack, felt and healed, twice'
	@echo 'make check    format, lint, types, imports, unit tests; needs no engine'
	@echo 'make proof    plant defects in copies of the designs, and count who is found'
	@echo 'make track-record  how often each known failure shows, in 20 tries'
	@echo 'make bench    measure how fast evidence is written and judged'
	@echo 'make bench-peer  cells per minute, beside the kill test of pytest-celery'
	@echo 'make browser  get a browser, and test the report in it (make test does, with one)'
	@echo 'make example  reports/example and its picture from a run: make example RUN=...'
	@echo 'make setup    get an engine and every image; chaos and test do it, too'
	@echo 'make doctor   what this machine has and lacks'
	@echo 'make down     remove stacks that were kept or left behind'
	@echo 'make format   format the code, and mend what lint can mend'
	@echo 'make mutants  break the judging half on purpose: would its tests tell?'
	@echo 'make clean    remove the virtual environment and caches (not images, not reports)'

chaos: setup
	$(PYTHON) -m pytest scenarios -k "$(CORE)" $(ARGS)

chaos-all: setup
	$(PYTHON) -m pytest scenarios $(ARGS)

test: setup
	$(MAKE) --no-print-directory --jobs=4 test-check $(STREAMS)

# Not for hands: what `make test` does. Most of it waits for containers more than it works,
# so four streams share two cores. Whatever needs an engine is in one of the last three: a
# new test is in `stories` until it is named elsewhere.
STREAMS := integration-app integration-faults integration-stories
OURS := harness/tests
APP_TESTS := $(OURS)/stack $(OURS)/report
# Who removes what no living harness uses must not run beside who waits for it.
RECOVERY_TESTS := $(OURS)/test_interruption.py $(OURS)/stack/test_toxiproxy.py
FAULT_TESTS := $(RECOVERY_TESTS) $(OURS)/faults/test_on_the_stack.py

integration: setup
	$(MAKE) --no-print-directory --jobs=3 $(STREAMS)

STREAM = set -o pipefail; $(1) 2>&1 | sed --unbuffered 's/^/$(lastword $(subst -, ,$@)): /'
ENGINE_TESTS := $(PYTHON) -m pytest -m "browser or (engine and not every_fault)" \
	-p no:cacheprovider
SAMPLE_OF_CHAOS := $(PYTHON) -m pytest scenarios --designs tutorial,outbox \
	-k "baseline or broker_outage" -p no:cacheprovider

test-check:
	$(call STREAM,$(MAKE) --no-print-directory check)

integration-app:
	$(call STREAM,$(ENGINE_TESTS) app/tests $(APP_TESTS) $(RECOVERY_TESTS:%=--ignore=%))

integration-faults:
	$(call STREAM,$(ENGINE_TESTS) $(FAULT_TESTS))

integration-stories:
	$(call STREAM,$(SAMPLE_OF_CHAOS))
	$(call STREAM,$(ENGINE_TESTS) $(OURS) $(addprefix --ignore=,$(APP_TESTS) $(FAULT_TESTS)))

# Each kind of fault on the real stack, twice; `make test` has a sample of them.
faults: setup
	$(PYTHON) -m pytest -m every_fault

check: $(READY)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(APP_SETTINGS) $(VENV)/bin/mypy
	PYTHONPATH=app $(VENV)/bin/lint-imports
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.github-workflows \
	    .github/workflows/*.yml .ci/github-chaos.yml
	$(VENV)/bin/check-jsonschema --builtin-schema vendor.gitlab-ci .ci/gitlab-ci.yml
	$(PYTHON) -m pytest -m "not engine and not browser"

# Some 40 minutes on a busy machine. What an earlier run left would be taken for its result.
mutants: $(READY)
	rm -rf mutants
	HYPOTHESIS_PROFILE=mutants nice -n 15 $(PYTHON) -P harness/tests/mutants.py

# make proof ARGS="--seeds 3 --defects relay_marks_first"
proof: $(READY)
	$(PYTHON) -m harness proof $(ARGS)

# make track-record ARGS="--entries PUB-01,CON-01 --tries 5"
track-record: $(READY)
	$(PYTHON) -m harness track-record $(ARGS)

bench: $(READY)
	$(PYTHON) -m harness bench

bench-peer: setup
	$(PYTHON) -m harness bench-peer

format: $(READY)
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

# Only these two need a browser: it is not in the lock.
browser: $(READY)
	.ci/get-browser $(VENV)
	$(PYTHON) -m pytest -m browser

example: $(READY)
	.ci/get-browser $(VENV)
	$(PYTHON) -m harness example $(RUN)
	$(PYTHON) -m harness.tests.report.picture reports/example .github/report.png

setup: $(READY)
	$(PYTHON) -m harness setup

doctor: $(READY)
	$(PYTHON) -m harness doctor

down: $(READY)
	$(PYTHON) -m harness down

clean:
	rm -rf $(VENV) mutants .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	    .import_linter_cache
	find app harness scenarios -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.lock
	.ci/make-venv $(VENV)
	touch $(READY)

# Pins and hashes the newest of what pyproject.toml and app/requirements.in allow.
lock:
	$(PYTHON) -m uv --version >/dev/null 2>&1 || $(PYTHON) -m pip install uv
	$(PYTHON) -m uv pip compile pyproject.toml app/requirements.in --extra dev \
	    --constraint app/requirements.lock --universal --python-version 3.11 \
	    --generate-hashes --no-annotate --no-header \
	    --no-emit-index-url --no-emit-find-links --output-file requirements.lock
