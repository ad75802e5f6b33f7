# When is a part ready? Each is asked in its own language.
# shellcheck shell=bash

# part_ready PART
part_ready() {
    case $1 in
    postgres) "$(postgres_bin)/pg_isready" -q -h 127.0.0.1 -p "$POSTGRES_PORT" -t 2 ;;
    redis) redis_answers ;;
    epmd) port_busy "$EPMD_PORT" ;;
    rabbitmq) rabbitmq_answers ;;
    gateway) http_answers "http://127.0.0.1:$GATEWAY_PORT/" ;;
    *) http_answers "http://127.0.0.1:$(part_port "$1")/ready" ;;
    esac
}

http_answers() { curl -fsS -o /dev/null -m 3 --noproxy '*' "$1" 2>/dev/null; }

redis_answers() {
    local reply=
    exec 3<>"/dev/tcp/127.0.0.1/$REDIS_PORT" || return 1
    printf 'AUTH %s\r\nPING\r\n' "$REDIS_PASSWORD" >&3
    read -r -t 2 reply <&3 && read -r -t 2 reply <&3
    exec 3>&-
    [[ $reply == +PONG* ]]
} 2>/dev/null

# RabbitMQ opens its port when it has booted, and greets with Connection.Start (a method frame, type 1)
rabbitmq_answers() {
    local first=
    exec 3<>"/dev/tcp/127.0.0.1/$RABBITMQ_PORT" || return 1
    printf 'AMQP\x00\x00\x09\x01' >&3
    IFS= read -r -t 2 -n 1 -d '' first <&3
    exec 3>&-
    [[ $first == $'\x01' ]]
} 2>/dev/null

# await_ready PART SECONDS: or ends the script with the last words of the part's log
await_ready() {
    local part=$1 deadline=$(($(now_ms) + $2 * 1000)) log
    until part_ready "$part"; do
        if (($(now_ms) > deadline)); then
            log=$LOG_DIR/$(log_name "$part").log
            printf 'failed; its last words:\n'
            STEP_OPEN=
            tail -n 5 "$log" 2>/dev/null | cut -c 1-300 | sed 's/^/      /' || true
            die "$(part_title "$part") is not ready after $2 s" "Its log: $log"
        fi
        sleep 0.05
    done
}
