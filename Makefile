# make run starts Parlor, make test tests it, make help lists the rest.
SHELL := /bin/bash
LOCAL := deploy/local
.DEFAULT_GOAL := help
.PHONY: help run demo status logs start stop restart reset build test lint format bench atsize

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

run: ## install, build, start and show everything
	@$(LOCAL)/run.sh

demo: ## play the demonstration against the running stack
	@$(LOCAL)/demo.sh $(ARGS)

status: ## what runs, where, since when
	@$(LOCAL)/status.sh

logs: ## the logs, or S=room|message|signaling|notification|redis|postgres|rabbitmq|gateway
	@$(LOCAL)/logs.sh $(S)

start: ## one part: S=…
	@$(LOCAL)/part.sh start $(S)

stop: ## everything, or one part: S=…
	@$(if $(S),$(LOCAL)/part.sh stop $(S),$(LOCAL)/stop.sh)

restart: ## one part: S=…
	@$(LOCAL)/part.sh restart $(S)

reset: ## stop, and delete the stack's data
	@$(LOCAL)/reset.sh

build: ## build the executables in release mode
	swift build -c release

test: ## everything: lint, pure tests, drivers on real servers, the whole system
	@$(LOCAL)/test.sh

lint: ## the formatter's strict opinion
	@$(LOCAL)/lint.sh

format: ## let the formatter do it
	@$(LOCAL)/lint.sh --fix

bench: ## everything beside its bare library or tool, in one table; ARGS="postgres message …" for some
	@$(LOCAL)/bench.sh $(ARGS)

atsize: ## lists, history and search on small and on big tables: ten minutes, 10 GB
	@Benchmarks/AtSize/at_size.py $(ARGS)
