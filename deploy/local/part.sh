#!/usr/bin/env bash
# make start|stop|restart S=part: one part of the stack. Variables of .env.example that come with it reach the service.
set -euo pipefail
# shellcheck source=lib/all.sh
source "$(dirname "$0")/lib/all.sh"
action=$1
part=$(require_part "${2:-}")
require_stack
hold_stack
supervisor_pid >/dev/null || die 'the stack is not running' 'make run starts it.'

[[ $action == stop ]] || keep_caller_variables more
load_environment
step_begin "$part"
if [[ $action != start ]]; then
    parts_down "$part"
    [[ $action == restart ]] || step_end 'stopped'
fi
if [[ $action != stop ]]; then
    "$(part_script "$part")" prepare "$part"
    part_running "$part" || require_free_port "$part"
    part_up "$part"
    await_ready "$part" 90
    step_end "ready at 127.0.0.1:$(part_port "$part")"
fi
