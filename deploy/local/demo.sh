#!/usr/bin/env bash
# make demo: plays the main job against the running stack; any surprise makes it fail.
set -euo pipefail
# shellcheck source=lib/all.sh
source "$(dirname "$0")/lib/all.sh"
compose=(docker compose -f "$PARLOR_ROOT/deploy/docker-compose.yml")
# the stack of this checkout, or its containers, unless another server is named: make demo ARGS="--url https://…"
if [[ " $* " != *" --url"* && -z ${PARLOR_URL:-} ]]; then
    if ! supervisor_pid >/dev/null && [[ -n $("${compose[@]}" ps -q --status running gateway 2>/dev/null) ]]; then
        exec "${compose[@]}" run --rm parlor demo "$@"
    fi
    load_environment
    # with a mail server there are no files to look into
    [[ -z ${SMTP_URL:-} ]] || unset MAIL_DIR
fi
[[ -x $PARLOR_BIN/parlor ]] || die "$PARLOR_BIN/parlor is not there" "make run builds it."
PARLOR_STACK_ENV=$STACK_ENV exec "$PARLOR_BIN/parlor" demo "$@"
