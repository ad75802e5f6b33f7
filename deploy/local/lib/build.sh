# Builds the executables, with one line that moves.
# shellcheck shell=bash

# build_executables: says what it did in BUILD_DONE
build_executables() {
    local stamp=$PARLOR_ROOT/.build/.parlor-$PARLOR_CONFIGURATION log=$LOG_DIR/build.log began
    if built_already "$stamp"; then
        BUILD_DONE='up to date'
        return
    fi
    require_swift
    began=$(mktemp)
    # of two builds at once SwiftPM lets the second wait
    swift build --package-path "$PARLOR_ROOT" -c "$PARLOR_CONFIGURATION" 2>&1 | tee "$log" | build_progress || {
        rm -f "$began"
        die "$(build_failure "$log")" "The log: $log"
    }
    mv -f "$began" "$stamp"
    BUILD_DONE="$PARLOR_CONFIGURATION build"
}

# built_already STAMP: the executables are there, and no source is newer than the start of the build that made them
built_already() {
    local part
    [[ -e $1 ]] || return 1
    for part in "${SERVICES[@]}"; do [[ -x $PARLOR_BIN/$(log_name "$part") ]] || return 1; done
    [[ -x $PARLOR_BIN/parlor ]] || return 1
    cd "$PARLOR_ROOT" || return 1
    [[ -z $(find Package.swift Services Shared Tools -newer "$1" -print -quit) ]]
}

# build_progress: the builder's [done/all], in place on a terminal, else a line every tenth
build_progress() {
    local terminal=
    [[ ! -t 1 ]] || terminal=1
    awk -v terminal="$terminal" '
        match($0, /^\[[0-9]+\/[0-9]+\]/) {
            split(substr($0, 2, RLENGTH - 2), n, "/")
            if (n[2] < 20) next
            if (terminal) { printf "\r  %-14s%-52s", "build", n[1] " of " n[2] " steps"; fflush(); shown = 1; next }
            tenth = int(10 * n[1] / n[2])
            if (tenth > last) { last = tenth; printf "%d%% ", 10 * tenth; fflush() }
        }
        END { if (shown) printf "\r  %-14s%-52s\r  %-14s", "build", "", "build" }'
}

build_failure() {
    local first
    first=$(grep -m 1 -E 'error: ' "$1" | cut -c 1-200)
    printf 'the build failed: %s' "${first:-$(tail -n 1 "$1" | cut -c 1-200)}"
}
