#!/usr/bin/env bash
# make run: everything a stack needs, from packages to a demonstration. Run it again at will: what is there is kept,
# what has changed is restarted.
#
#   PARLOR_HOME            where the stack keeps its things            (.local)
#   PARLOR_PORT_BASE       gateway at this port, the rest behind it    (8080 …, servers at 18369 …)
#   PARLOR_BIND            the address that the gateway listens on     (127.0.0.1)
#   PARLOR_CONFIGURATION   release or debug                            (release)
#   PARLOR_BIN             executables to use instead of building
#   DEMO=0                 no demonstration at the end
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
given_bin=${PARLOR_BIN:-}
for lib in all prerequisites build welcome; do
    # shellcheck source=/dev/null
    source "$here/lib/$lib.sh"
done

umask 022
mkdir -p "$PARLOR_HOME" 2>/dev/null && [[ -w $PARLOR_HOME ]] ||
    die "$PARLOR_HOME cannot be written by $(id -un)" "An earlier run as another user? Remove it as that user: make reset"
mkdir -p "$DATA_DIR" "$LOG_DIR" "$MAIL_DIR" "$RUN_DIR" "$SV_DIR"
hold_stack

# want_up PART: running, with what is configured now
want_up() {
    if part_running "$1" && part_outdated "$1"; then parts_down "$1"; fi
    part_up "$1"
}

# bring_up SECONDS PART…: all at once, then a line for each as it is ready
bring_up() {
    local seconds=$1 part
    shift
    for part in "$@"; do want_up "$part"; done
    for part in "$@"; do
        step_begin "$part"
        await_ready "$part" "$seconds"
        step_end "ready at 127.0.0.1:$(part_port "$part")"
    done
}

step_begin packages
ensure_packages
step_end "$PACKAGES_DONE"

step_begin build
if [[ -n $given_bin ]]; then BUILD_DONE="taken from $given_bin"; else build_executables; fi
step_end "$BUILD_DONE"

step_begin configuration
keep_caller_variables fresh
choose_ports
make_secrets
write_config
load_environment
for part in "${ALL_PARTS[@]}"; do
    # a port that is taken is said now, before anything starts
    [[ -d $SV_DIR/$part ]] && part_running "$part" || require_free_port "$part"
    define_part "$part"
    "$(part_script "$part")" prepare "$part"
done
write_stack_env
step_end "$PARLOR_HOME"

supervisor_start
bring_up 120 "${INFRASTRUCTURE[@]}"
bring_up 90 "${SERVICES[@]}"
bring_up 30 gateway

if [[ ${DEMO:-1} != 0 && -x $PARLOR_BIN/parlor ]]; then
    say
    "$here/demo.sh" || demo_failed=1
fi
welcome
[[ -z ${demo_failed:-} ]] || die 'the demonstration met a surprise' "The stack runs on: make status, make logs."
