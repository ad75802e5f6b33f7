#!/usr/bin/env bash
# PostgreSQL: a cluster of our own with passwords, durable as in production (fsync is on).
# shellcheck source=../lib/part.sh
source "$(dirname "$0")/../lib/part.sh"
# shellcheck source=../lib/unprivileged.sh
source "$(dirname "$0")/../lib/unprivileged.sh"

prepare() {
    local bin
    bin=$(postgres_bin)
    mkdir -p "$PART_DATA"
    choose_unprivileged "$PART_DATA"
    own_by_unprivileged "$PART_DATA"
    [[ -e $PART_DATA/PG_VERSION ]] || create_cluster "$bin"
    local have want
    have=$(<"$PART_DATA/PG_VERSION")
    want=$("$bin/postgres" --version | sed -E 's/.* ([0-9]+).*/\1/')
    [[ $have == "$want" ]] ||
        die "the data under $PART_DATA is of PostgreSQL $have, and $want is installed" "make reset deletes it."
    write_settings
    own_by_unprivileged "$PART_DATA"
}

# create_cluster BIN: an administrator, and a role without special rights that owns the database
create_cluster() {
    local bin=$1 fresh=$PART_DATA/new
    rm -rf "$fresh"
    unprivileged mkdir -m 700 "$fresh"
    unprivileged "$bin/initdb" --pgdata="$fresh" --username=postgres --auth=reject --encoding=UTF8 \
        --locale=C.UTF-8 >"$LOG_DIR/initdb.log" 2>&1 ||
        die "initdb failed: $(tail -n 1 "$LOG_DIR/initdb.log")" "See $LOG_DIR/initdb.log."
    unprivileged "$bin/postgres" --single -D "$fresh" postgres >>"$LOG_DIR/initdb.log" 2>&1 <<EOF
ALTER ROLE postgres PASSWORD '$POSTGRES_ADMIN_PASSWORD'
CREATE ROLE parlor LOGIN CREATEDB PASSWORD '$POSTGRES_PASSWORD'
GRANT pg_monitor, pg_signal_backend TO parlor
CREATE DATABASE parlor OWNER parlor
EOF
    ! grep -qE 'ERROR|FATAL' "$LOG_DIR/initdb.log" || die "the database cannot be made" "See $LOG_DIR/initdb.log."
    # what is half made never looks like a cluster
    find "$fresh" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv -t "$PART_DATA" {} +
    mv "$fresh/PG_VERSION" "$PART_DATA/"
    rmdir "$fresh"
    chmod 700 "$PART_DATA"
}

write_settings() {
    replace_file "$PART_CONF" 644 <<EOF
listen_addresses = '127.0.0.1'
port = $POSTGRES_PORT
unix_socket_directories = ''
max_connections = 200
shared_buffers = 128MB
fsync = on
synchronous_commit = on
log_timezone = 'UTC'
timezone = 'UTC'
# no statement text, no values: what people write stays out of the logs
log_error_verbosity = terse
log_min_error_statement = panic
EOF
    replace_file "$RUN_DIR/postgres.hba" 644 <<<'host all all 127.0.0.1/32 scram-sha-256'
    cp "$PART_CONF" "$PART_DATA/postgresql.conf"
    cp "$RUN_DIR/postgres.hba" "$PART_DATA/pg_hba.conf"
}

serve() {
    choose_unprivileged "$PART_DATA"
    exec "${UNPRIVILEGED[@]}" "$(postgres_bin)/postgres" -D "$PART_DATA"
}

# SIGTERM would wait for the clients to go; SIGINT is the orderly stop that does not
terminate() { kill -INT "$(<"$RUN_DIR/postgres.pid")"; }

part_main "$@"
