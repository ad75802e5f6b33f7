#!/usr/bin/env bash
# make bench: the benchmarks, each beside the bare library or the tool of the trade in the same run, in one table.
# Those of messages and sockets run against a stack of its own (.local-bench, other ports, release executables, no data)
# whose limits are out of the way.
#
#   make bench ARGS="postgres fanout"   only these
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
export PARLOR_HOME=${PARLOR_BENCH_HOME:-$PWD/.local-bench} PARLOR_CONFIGURATION=release
export PARLOR_PORT_BASE=${PARLOR_BENCH_PORT_BASE:-30080} PARLOR_BIN=$PWD/Benchmarks/.build/release
for lib in all prerequisites; do
    # shellcheck source=/dev/null
    source "$here/lib/$lib.sh"
done

# One rate for everything that is limited: what is measured is not how fast a service refuses.
for limit in REST JOIN MESSAGE FRAME; do
    export "${limit}_RATE=1000000" "${limit}_BURST=1000000"
done
export REPEAT_LIMIT=1000000

stop_stack() { "$here/reset.sh" >"$LOG_DIR/stop.log" 2>&1 || cat "$LOG_DIR/stop.log" >&2; }

# wants_stack NAME…: without names everything runs
wants_stack() {
    [[ $# != 0 ]] || return 0
    local name
    for name in "$@"; do
        case $name in message | durable | fanout | room | joins | memory) return 0 ;; esac
    done
    return 1
}

mkdir -p "$LOG_DIR"
step_begin packages
ensure_packages
step_end "$PACKAGES_DONE"
require_swift

say 'Building the benchmarks and the services (release).'
# the versions that the main package has settled on
[[ ! -e Package.resolved ]] || cp Package.resolved Benchmarks/Package.resolved
swift build -c release --package-path Benchmarks

# many sockets are many descriptors
ulimit -Sn "$(ulimit -Hn)"
if wants_stack "$@"; then
    "$here/reset.sh" >/dev/null
    trap stop_stack EXIT
    trap 'exit 130' INT TERM
    mkdir -p "$LOG_DIR"
    DEMO=0 "$here/run.sh"
    export PARLOR_STACK_ENV=$STACK_ENV
fi
say
say "$(nproc) processors, load $(cut -d' ' -f1-3 /proc/loadavg), $(date -u '+%Y-%m-%d %H:%M UTC')"
"$PARLOR_BIN/parlor-bench" "$@"
