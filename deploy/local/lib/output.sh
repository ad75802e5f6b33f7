# What people see: one line a step, one line a failure.
# shellcheck shell=bash

STEP_STARTED=0
export STEP_OPEN=${STEP_OPEN:-} # a line has been begun, perhaps by the script that called this one

# step_begin NAME: starts the line of a step; step_end or die finishes it
step_begin() {
    STEP_OPEN=1
    STEP_STARTED=$(now_ms)
    printf '  %-14s' "$1"
}

# step_end TEXT: what came of the step, and how long it took
step_end() {
    STEP_OPEN=
    local ms=$(($(now_ms) - STEP_STARTED))
    printf '%-52s %5d.%01d s\n' "$1" $((ms / 1000)) $((ms % 1000 / 100))
}

say() { printf '%s\n' "$*"; }

# die TEXT [REMEDY]: one clear line, and at most one more that says what helps
die() {
    [[ -z $STEP_OPEN ]] || printf 'failed\n'
    printf 'parlor: %s\n' "$1" >&2
    [[ -z ${2:-} ]] || printf '        %s\n' "$2" >&2
    exit 1
}

now_ms() {
    local stamp=${EPOCHREALTIME/[.,]/}
    printf '%s' "${stamp%???}"
}
