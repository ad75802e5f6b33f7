#!/usr/bin/env bash
# RabbitMQ: a node of our own (name, cookie, ports, folders), reachable from this machine only.
# shellcheck source=../lib/part.sh
source "$(dirname "$0")/../lib/part.sh"

prepare() {
    mkdir -p "$PART_DATA" "$LOG_DIR"
    printf '%s' "$RABBITMQ_COOKIE" | replace_file "$PART_DATA/.erlang.cookie" 400
    replace_file "$RUN_DIR/rabbitmq.plugins" 600 <<<'[].'
    # user and virtual host are made when the node starts with no data
    replace_file "$PART_CONF" 600 <<EOF
listeners.tcp.1 = 127.0.0.1:$RABBITMQ_PORT
default_user = parlor
default_pass = $RABBITMQ_PASSWORD
default_vhost = parlor
loopback_users = none
log.console = true
log.console.level = info
log.file = false
disk_free_limit.absolute = 200MB
vm_memory_high_watermark.relative = 0.4
EOF
}

serve() {
    poll 200 port_busy "$EPMD_PORT" || die 'epmd is not there'
    export HOME=$PART_DATA RABBITMQ_NODENAME=parlor@localhost
    export ERL_EPMD_PORT=$EPMD_PORT ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_DIST_PORT=$RABBITMQ_DISTRIBUTION_PORT
    export RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_CONFIG_FILE=$PART_CONF
    export RABBITMQ_ADVANCED_CONFIG_FILE=/dev/null RABBITMQ_ENABLED_PLUGINS_FILE=$RUN_DIR/rabbitmq.plugins
    export RABBITMQ_MNESIA_BASE=$PART_DATA/mnesia RABBITMQ_LOG_BASE=$LOG_DIR RABBITMQ_LOGS=-
    # distribution on the loopback interface only; schedulers that do not spin leave the processors to the others
    export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-noinput -kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none'
    # with this the script becomes the Erlang machine instead of a parent that waits for it
    export RABBITMQ_ALLOW_INPUT=1
    exec "$(rabbitmq_bin)/rabbitmq-server"
}

part_main "$@"
