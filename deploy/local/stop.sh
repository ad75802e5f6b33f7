#!/usr/bin/env bash
# make stop: the services first, so that they can finish what they hold, the servers last. What stays is data.
set -euo pipefail
# shellcheck source=lib/all.sh
source "$(dirname "$0")/lib/all.sh"
if [[ ! -d $SV_DIR || ! -r $CONFIG_ENV ]]; then
    say 'Nothing runs.'
    exit 0
fi
load_environment
hold_stack

stop_step() {
    local name=$1
    shift
    step_begin "$name"
    parts_down "$@"
    step_end stopped
}

if supervisor_pid >/dev/null || part_supervised room || part_supervised postgres; then
    stop_step services "${SERVICES[@]}"
    stop_step gateway gateway
    stop_step rabbitmq rabbitmq epmd
    stop_step redis redis
    stop_step postgres postgres
    supervisor_stop
    rm -f "$RUN_DIR"/*.pid "$RUN_DIR"/*.started
    write_stack_env
else
    say 'Nothing runs.'
fi
