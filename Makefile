# commsroom: `make` lists what there is. Every target sets up what it needs first.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory --no-builtin-rules

export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Ansible's own settings come from this checkout, whatever the operator's shell has set.
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg

PYTEST := pytest -q -n 2 --dist worksteal
THOROUGH := thorough and not lab and not slow
SLOW := slow and not lab and not alone and not seeded and not phones and not batch
LAB := (lab or (slow and alone)) and not seeded and not phones
# How, which, where: what fails is tried once more, by itself and one after the other.
define tests
$(1) -m '$(2)' $(3) || { code=$$?; [ $$code -eq 1 ] || exit $$code; \
  echo '$@: what is named above is tried once more by itself: real servers, a busy machine'; \
  pytest -q -m '$(2)' --last-failed --last-failed-no-failures none $(3); }
endef
CHECKS := format lint types imports yaml ansible quick-tests
SCENARIOS := $(patsubst roles/%/molecule/default/molecule.yml,molecule-%,\
  $(wildcard roles/*/molecule/default/molecule.yml))
UV := .venv/bin/python packaging/uv.py
COMPILE := pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
  --no-emit-find-links --no-header --no-annotate $(if $(UPGRADE),--upgrade) pyproject.toml

##@ Use

.PHONY: setup
setup: ## Install what is missing: Debian packages, .venv, the collection's link
	@packaging/setup.sh

.PHONY: setup-tests
setup-tests:
	@packaging/setup.sh --tests

.PHONY: setup-hardware
setup-hardware:
	@packaging/setup.sh --hardware

.PHONY: demo
demo: setup ## From policy to proven accounts on real servers, with everything shown
	@python packaging/demo.py

##@ Work on it

.PHONY: check
check: setup ## Format, lint, types, layers, YAML, Ansible and the quick tests: a minute on two cores
	@$(MAKE) --keep-going --jobs=4 --output-sync=target $(addprefix check-,$(CHECKS))
	@echo 'check: all good'

.PHONY: test
test: setup-tests ## All of it: check, thorough, slow, then the lab's real servers, then Molecule
	@$(MAKE) check
	@$(MAKE) thorough
	@$(MAKE) slow
	@$(MAKE) lab-test
	@$(MAKE) molecule
	@echo 'test: all good'

.PHONY: thorough
thorough: setup ## The command line over simulated servers, the ledger's files, stores, switches over SSH: eight minutes
	@$(call tests,$(PYTEST),$(THOROUGH),tests/unit tests/contract tests/cli)

.PHONY: slow
slow: setup-tests ## Kills, browsers, disks, crowds of switches: what takes many seconds a test and needs no lab
	@$(call tests,pytest -q -n 2 --dist loadfile,$(SLOW),tests)

.PHONY: lab-test
lab-test: setup-tests ## Tests on the lab's real servers, and those beside which nothing may run
	@$(call tests,pytest -q,$(LAB),tests)

.PHONY: seeded
seeded: setup-tests ## Changes of every sort, made by hand on the lab's servers: drift must tell each, and nothing else
	@pytest -q tests/lab/test_seeded_drift.py

.PHONY: phones
phones: setup-tests ## Real soft phones on the lab that start with nothing but a URL
	@pytest -q tests/lab/phones

.PHONY: test-hardware
test-hardware: setup-hardware ## Disks of every bus erased in a machine that QEMU emulates (as root), and liars, and wrong targets
	@pytest -q tests/hardware

.PHONY: batch
batch: setup-tests ## A thousand devices retired at once, a tenth faulty: killed, gone on with, certified on paper
	@pytest -q -m batch --durations=1 tests/cli/test_decommission_batch.py

.PHONY: soak
soak: setup-tests ## Rotations killed a hundred thousand times, SIGKILL, power cuts; RUNS=n FROM=n for others
	@python tests/soak/rotation_soak.py $(if $(RUNS),--runs $(RUNS)) $(if $(FROM),--from $(FROM))

.PHONY: molecule
molecule: setup ## Each role on a server of its own: converge, again (idempotence), verify by use
	@$(MAKE) --jobs=3 --output-sync=target $(SCENARIOS)

.PHONY: bench
bench: setup ## Measure what we promise about speed, on the lab's servers
	@python benchmarks/run.py

.PHONY: bench-drift
bench-drift: setup ## What a drift check of 10,000 people costs, on the lab's servers
	@python benchmarks/scale.py

.PHONY: bench-rotation
bench-rotation: setup ## What renewing 10,000 SIP passwords costs, on the lab's exchange
	@python benchmarks/rotation.py

.PHONY: fix
fix: setup ## Format the code and let ruff repair what it can
	@ruff check --fix-only -q .
	@ruff format -q .

.PHONY: new-backend
new-backend: setup ## NAME=x: the folder of a new back end, with cases that pass
	@python packaging/new_backend.py '$(NAME)'
	@ruff format -q 'commsroom/backends/$(NAME)'

.PHONY: lock
lock: setup ## Write both locks anew from pyproject.toml (UPGRADE=1: newest versions)
	@$(UV) $(COMPILE) -o requirements.lock
	@$(UV) $(COMPILE) --all-extras --group dev -c requirements.lock -o requirements-dev.lock

.PHONY: clean
clean: ## Remove .venv and caches; never .commsroom, an estate's state
	@rm -rf .venv .ansible .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache dist
	@find . -name __pycache__ -type d -not -path './.commsroom/*' -prune -exec rm -rf {} +

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' Makefile

# ── the parts of molecule, side by side: a role each
.PHONY: $(SCENARIOS)
$(SCENARIOS): molecule-%:
	@cd roles/$* && molecule test

# ── the parts of check, side by side ────────────────────────────────────────────────────────
.PHONY: $(addprefix check-,$(CHECKS))

check-format:
	@ruff format --check -q . || { echo 'format: `make fix` does it'; exit 1; }

check-lint:
	@ruff check -q .

check-types:
	@mypy --no-error-summary

check-imports:
	@lint-imports --no-logo >.venv/imports.log || { cat .venv/imports.log; exit 1; }

check-yaml:
	@yamllint --strict .

# ansible-lint takes as long as all other linters together: only when something it reads has changed.
LINTED := .venv/.ansible-linted
check-ansible: $(LINTED)

$(LINTED): $(shell git ls-files -- inventory meta playbooks plugins policies roles) \
  .ansible-lint .yamllint galaxy.yml requirements-dev.lock
	@ansible-lint --offline -q --strict --nocolor
	@touch $@

check-quick-tests:
	@$(PYTEST) -m 'not thorough and not lab and not slow' tests/unit tests/contract tests/pipelines
