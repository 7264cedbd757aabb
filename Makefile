# Every target sets up what it needs by itself, once: Python ≥ 3.11 and make are enough. `make help` lists them.

VENV := .venv
ARGS ?=
JOBS ?= auto

TEST_PACKAGES := skopeo buildah podman runc docker-registry openssl curl busybox-static git file cron systemd prometheus \
	exfat-fuse exfatprogs

# What a person's own shell sets must not change what a target does.
unexport PYTHONPATH PYTHONHOME PYTHONWARNINGS PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test lint bench schemas clean venv packages apiserver

help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

demo: venv ## the whole life of a site, in a folder of its own (ARGS are passed on)
	@busybox=$$(scripts/busybox.sh) && folder=$$(mktemp -d "$${TMPDIR:-/tmp}/vddkctl-demo.XXXXXX") && \
	echo "demo: in the folder $$folder" && \
	VDDKCTL_BUSYBOX="$$busybox" $(VENV)/bin/vddkctl demo "$$folder" $(ARGS)

test: venv packages apiserver ## the tests; for a few of them: make test ARGS="-k name"
	@$(VENV)/bin/python -m pytest -q -n $(JOBS) $(ARGS)

lint: venv ## ruff, mypy, the layers, and whether the schemas are up to date
	@scripts/lint.sh

bench: venv packages apiserver ## speed and memory, as ratios (ARGS="name" runs one)
	@$(VENV)/bin/python -m bench.run $(ARGS)

schemas: venv ## write schemas/ anew from the code
	@scripts/schemas.sh schemas

clean: ## remove what the other targets made
	@rm -rf $(VENV) .cache .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache dist
	@find vddkctl tests bench scripts -name __pycache__ -type d -prune -exec rm -rf {} +

venv:
	@scripts/venv.sh

packages:
	@scripts/packages.sh $(TEST_PACKAGES)
	@command -v docker >/dev/null || scripts/packages.sh docker.io # the command; the daemon is podman's

# A real API server for the tests: built once, kept in the user's cache.
apiserver: packages
	@scripts/apiserver.sh >/dev/null
