# What a part was started with, so that a later `make run` restarts exactly those that would now start differently.
# shellcheck shell=bash

# part_fingerprint PART: of its configuration and, for a service, of its executable
part_fingerprint() {
    if is_service "$1"; then
        {
            cat "$CONFIG_ENV" "$CALLER_ENV" "$OVERRIDES_ENV" 2>/dev/null || true
            stat -L -c '%i %s %y' "$PARLOR_BIN/$(log_name "$1")" 2>/dev/null || true
        } | sha256sum
    else
        sha256sum "$RUN_DIR/$1.conf" 2>/dev/null || true
    fi
}

# part_outdated PART: it runs with something else than what is configured now
part_outdated() { [[ $(part_fingerprint "$1") != "$(cat "$RUN_DIR/$1.started" 2>/dev/null)" ]]; }
