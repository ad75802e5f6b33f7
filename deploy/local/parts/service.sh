#!/usr/bin/env bash
# One of the four services: the executable that was built, with the environment of the stack.
# shellcheck source=../lib/part.sh
source "$(dirname "$0")/../lib/part.sh"

serve() {
    HTTP_PORT=$(part_port "$PART")
    export HTTP_PORT
    exec "$PARLOR_BIN/$(log_name "$PART")"
}

part_main "$@"
