#!/usr/bin/env bash
# The port mapper that RabbitMQ's node registers with: one of our own, supervised, on the loopback interface.
# shellcheck source=../lib/part.sh
source "$(dirname "$0")/../lib/part.sh"

prepare() { replace_file "$PART_CONF" 600 <<<"port $EPMD_PORT"; }

serve() { exec epmd -address 127.0.0.1 -port "$EPMD_PORT"; }

part_main "$@"
