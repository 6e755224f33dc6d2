# Two commands matter: `make run` and `make test`. They need Python 3.11 or newer and nothing else.
PYTHON ?= python3
LOCAL = $(PYTHON) -m clinic.local
ARGS ?=
export PORT MAIL_PORT

.PHONY: help run dev test check format bench screens soak engines lock

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s  %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Run the clinic here, with demo patients (PORT=8000, MAIL_PORT=8025)
	@$(LOCAL) run

dev: ## The same with debug pages, reloading the web process when code changes
	@$(LOCAL) dev

test: ## Run every test, real browser included (ARGS="tests/clinic -k name" for some)
	@$(LOCAL) test $(ARGS)

check: ## Read the code: ruff, mypy, import-linter, djlint, migrations, deployment settings
	@$(LOCAL) check

format: ## Format the code
	@$(LOCAL) format

bench: ## Measure; prints one JSON object a line
	@$(LOCAL) bench $(ARGS)

screens: ## Run the browser tests alone; their pictures land in var/screens/
	@$(LOCAL) test tests/browser

soak: ## Play the desk in random order for long (ARGS="EXAMPLES STEPS")
	@$(LOCAL) soak $(ARGS)

engines: ## Start PostgreSQL and Valkey for running pytest by hand (var/test.env)
	@$(LOCAL) engines

lock: ## Pin the requirements (ARGS=--upgrade for newer versions)
	@$(LOCAL) lock $(ARGS)
