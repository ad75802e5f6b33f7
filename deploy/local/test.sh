#!/usr/bin/env bash
# make test: everything, from a clean clone too. A stack of its own (.local-test, other ports, debug executables, no data)
# runs while the tests run; driver and service tests start private servers besides. One line a target, with the runner's
# own closing line; what a target printed is in its log, and what failed stands here too.
#
#   FILTER=Name   only the tests that `swift test --filter Name` finds, with all they print; FILTER=Web, only the page in
#                 its browsers
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
export PARLOR_HOME=${PARLOR_TEST_HOME:-$PWD/.local-test} PARLOR_CONFIGURATION=debug
export PARLOR_PORT_BASE=${PARLOR_TEST_PORT_BASE:-28080}
for lib in all prerequisites build; do
    # shellcheck source=/dev/null
    source "$here/lib/$lib.sh"
done

stop_stack() { "$here/stop.sh" >"$LOG_DIR/stop.log" 2>&1 || cat "$LOG_DIR/stop.log" >&2; }

# the mail server that the tests deliver to; two browsers, for the page; what schemathesis is installed with
PACKAGES+=(python3-aiosmtpd chromium chromium-driver python3-venv)
mkdir -p "$LOG_DIR"
step_begin packages
ensure_packages
step_end "$PACKAGES_DONE"
require_swift

step_begin lint
"$here/lint.sh" >"$LOG_DIR/lint.log" 2>&1 || {
    head -n 50 "$LOG_DIR/lint.log" >&2
    die 'the sources are not as swift-format wants them' 'make format does most of it.'
}
step_end 'the sources are formatted'

step_begin build
build_log=$LOG_DIR/build-tests.log
swift build --build-tests 2>&1 | tee "$build_log" | build_progress || {
    grep -E 'error: ' "$build_log" | sort -u | head -n 40 >&2 || tail -n 40 "$build_log" >&2
    die 'the build failed' "The log: $build_log"
}
step_end 'the executables and the tests, debug'

KEEP_TOOLS=1 "$here/reset.sh" >/dev/null
trap stop_stack EXIT
trap 'exit 130' INT TERM
PARLOR_BIN=$PWD/.build/debug DEMO=0 "$here/run.sh"
export PARLOR_STACK_ENV=$STACK_ENV

# A test process that crashes says where.
export SWIFT_BACKTRACE=${SWIFT_BACKTRACE:-enable=yes,color=no,interactive=no,threads=all,images=none}
# Far more than any target takes on a busy machine: what is still running then hangs, and is ended so that the log says where.
HANGS_AFTER=25m

# What `swift test` runs, without it in between: the signal has to reach the tests.
swift_tests() {
    timeout --signal=ABRT --kill-after=120 "$HANGS_AFTER" \
        .build/debug/parlorPackageTests.xctest --testing-library swift-testing --filter "$1"
}

web_tests() {
    # shellcheck source=/dev/null
    python3 Tests/Web/two_browsers.py "$(source "$STACK_ENV" && printf %s "$GATEWAY_URL")" "$LOG_DIR/web"
}

# What measures the plans at size asks every list there is: here of so few rows that only its asking is tested.
at_size() {
    local said=$LOG_DIR/at-size-stack.log
    PARLOR_BIN=$PWD/.build/debug PARLOR_PORT_BASE=$((PARLOR_PORT_BASE + 500)) Benchmarks/AtSize/at_size.py \
        --rooms 1000 2000 --messages 4000 8000 --rounds 1 --home "$PARLOR_HOME/at-size" 2>"$said" ||
        (($? == 3)) || { cat "$said"; return 1; }
}

# unfinished LOG: the tests that were begun and did not come to an end
unfinished() {
    sed -nE '/^[^ ]+ Test (case passing|run) /d
        s/^[^ ]+ Test (.*) started\.$/begun \1/p
        s/^[^ ]+ Test (.*) (passed|failed) after .*/ended \1/; s/^(ended .*) with [0-9]+ test cases?$/\1/; /^ended /p' "$1" |
        awk '{ what = $1; sub(/^[^ ]+ /, ""); if (what == "begun") open[$0] = 1; else delete open[$0] }
             END { for (name in open) print "never ended: " name }'
}

# tell NAME LOG: what a failed target says for itself
tell() {
    printf '\n%s failed (the log: %s):\n' "$1" "$2"
    unfinished "$2" | head -n 20
    grep -E -A 4 '✘|[Ff]atal error|error: |Crash|ST[0-9]{3} ' "$2" | grep -vE '✔|◇' | head -n 80 || true
    printf '… and ended:\n'
    tail -n 12 "$2"
}

failed=()

# run NAME COMMAND…: how long it took, the runner's closing line, and where it fails what it said
run() {
    local name=$1 log=$LOG_DIR/$1.log
    shift
    step_begin "$name"
    if "$@" >"$log" 2>&1; then
        step_end ' passed'
    else
        failed+=("$name")
        step_end ' FAILED'
        tell "$name" "$log"
    fi
    grep -E 'Test run with [0-9]+ test' "$log" | tail -n 1 || tail -n 1 "$log"
}

case ${FILTER:-} in
'')
    # One target after the other: suites that kill and freeze servers must not take the time of all the others.
    mapfile -t targets < <(find Tests -mindepth 2 -name '*.swift' -printf '%P\n' | cut -d/ -f1 | sort -u)
    for target in "${targets[@]}"; do run "$target" swift_tests "^$target\\."; done
    run Web web_tests
    run AtSize at_size
    "$here/api.sh" || failed+=(schemathesis)
    ;;
Web) web_tests ;;
*) swift_tests "$FILTER" ;;
esac

((${#failed[@]} == 0)) || {
    # What matters stands at the end, where a long log is read first.
    for target in "${failed[@]}"; do
        [[ ! -e $LOG_DIR/$target.log ]] || tell "$target" "$LOG_DIR/$target.log"
    done
    die "failed: ${failed[*]}"
}
