#!/usr/bin/env bash
# make status: one line a part. The exit status is 0 when all are ready.
set -euo pipefail
# shellcheck source=lib/all.sh
source "$(dirname "$0")/lib/all.sh"
load_environment

faults=0
printf '%-14s %-9s %8s %8s %7s  %s\n' part state pid port up log
for part in "${ALL_PARTS[@]}"; do
    state=down pid=- up=-
    if [[ -d $SV_DIR/$part ]] && part_running "$part"; then
        # "run: /path: (pid 42) 17s; …"
        read -r pid up < <(sv_says "$part" | sed -nE 's/^run: [^(]*\(pid ([0-9]+)\) ([0-9]+s).*/\1 \2/p')
        if part_ready "$part"; then state=ready; else state='not ready'; fi
    fi
    [[ $state == ready ]] || faults=1
    printf '%-14s %-9s %8s %8s %7s  %s\n' "$part" "$state" "$pid" "$(part_port "$part")" "$up" "$LOG_DIR/$(log_name "$part").log"
done
exit $faults
