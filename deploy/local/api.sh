#!/usr/bin/env bash
# Asks a running stack (PARLOR_HOME) everything that docs/api/openapi.json describes, by schemathesis: no fault of the
# server, no answer that is not documented. The same calls each time.
#
#   EXAMPLES   calls made up for each operation, besides those for its limits (10)
#
# schemathesis comes from PyPI into the stack's folder. Where PyPI cannot be reached the step is left out, and says so;
# with CI set that is a failure.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=/dev/null
source "$here/lib/all.sh"

VERSION=4.32.5
# Made-up input may break rules that a schema cannot tell; whether it is refused is the other tests' matter.
LEFT_OUT=positive_data_acceptance

venv=$PARLOR_HOME/tools/schemathesis-$VERSION work=$PARLOR_HOME/api

install_schemathesis() {
    [[ ! -x $venv/bin/schemathesis ]] || return 0
    rm -rf "$venv" && mkdir -p "$(dirname "$venv")"
    python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$VERSION"
}

: >"$LOG_DIR/api.log"
step_begin schemathesis
if ! install_schemathesis >"$LOG_DIR/schemathesis-install.log" 2>&1; then
    rm -rf "$venv"
    [[ -z ${CI:-} ]] || die 'schemathesis cannot be installed' "The log: $LOG_DIR/schemathesis-install.log"
    step_end 'SKIPPED: it cannot be installed from PyPI'
    exit 0
fi

require_stack
# shellcheck source=/dev/null
source "$STACK_ENV"
rm -rf "$work" && mkdir -p "$work"
token=$(python3 "$PARLOR_ROOT/Tests/API/prepare.py" "$GATEWAY_URL" "$work")
cd "$work"
# One worker at a pace below the limit of calls, so that each run asks the same in the same order and little is refused.
NO_PROXY='*' no_proxy='*' "$venv/bin/schemathesis" --config-file "$work/schemathesis.toml" run \
    "$PARLOR_ROOT/docs/api/openapi.json" --url "$GATEWAY_URL" --header "Authorization: Bearer $token" \
    --phases examples,coverage,fuzzing --max-examples "${EXAMPLES:-10}" --generation-deterministic --workers 1 \
    --exclude-checks "$LEFT_OUT" --rate-limit 45/s --continue-on-failure --warnings off --no-color \
    >"$LOG_DIR/api.log" 2>&1 || {
    sed -n '/ FAILURES /,/ SUMMARY /p' "$LOG_DIR/api.log" | head -n 200 >&2 || true
    die 'schemathesis found answers that are not as documented' "The log: $LOG_DIR/api.log"
}
step_end "$(sed -nE 's/^ *([0-9]+) generated.*/\1 calls, each answered as documented/p' "$LOG_DIR/api.log")"
