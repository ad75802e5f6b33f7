#!/usr/bin/env bash
# make reset: stops the stack and deletes everything it kept: data, mails, logs, secrets.
#
#   KEEP_TOOLS=1   not what was fetched to test it with
set -euo pipefail
here=$(dirname "$0")
# shellcheck source=lib/all.sh
source "$here/lib/all.sh"
[[ ! -d $SV_DIR ]] || "$here/stop.sh"
# only what a stack makes: PARLOR_HOME may be a folder with more in it
rm -rf "$DATA_DIR" "$LOG_DIR" "$MAIL_DIR" "$RUN_DIR" "$SV_DIR"
rm -rf "$PARLOR_HOME/api"
[[ -n ${KEEP_TOOLS:-} ]] || rm -rf "$PARLOR_HOME/tools"
rm -f "$CONFIG_ENV" "$CALLER_ENV" "$SECRETS_ENV" "$STACK_ENV"
rmdir "$PARLOR_HOME" 2>/dev/null || true
say "$PARLOR_HOME is empty."
