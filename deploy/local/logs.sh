#!/usr/bin/env bash
# make logs [S=part]: follows the logs on a terminal; elsewhere prints their last lines.
set -euo pipefail
# shellcheck source=lib/all.sh
source "$(dirname "$0")/lib/all.sh"
load_environment
files=()
if [[ -n ${1:-} ]]; then
    part=$(require_part "$1")
    files=("$LOG_DIR/$(log_name "$part").log")
else
    for part in "${SERVICES[@]}" gateway; do files+=("$LOG_DIR/$(log_name "$part").log"); done
fi
if [[ -t 1 ]]; then exec tail -n 20 -F "${files[@]}"; else exec tail -n 100 "${files[@]}"; fi
