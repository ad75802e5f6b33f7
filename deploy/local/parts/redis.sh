#!/usr/bin/env bash
# Redis: a password, an append-only file (a crash loses a second at most), and no eviction: seats are not a cache.
# shellcheck source=../lib/part.sh
source "$(dirname "$0")/../lib/part.sh"

prepare() {
    mkdir -p "$PART_DATA"
    replace_file "$PART_CONF" 600 <<EOF
bind 127.0.0.1
port $REDIS_PORT
requirepass $REDIS_PASSWORD
daemonize no
dir $PART_DATA
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
EOF
}

serve() { exec redis-server "$PART_CONF"; }

part_main "$@"
