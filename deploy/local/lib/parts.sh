# The parts of a stack, in the order in which they start. What a part is called, where it listens, how it runs.
# shellcheck shell=bash disable=SC2034

INFRASTRUCTURE=(postgres redis epmd rabbitmq)
SERVICES=(room message signaling notification)
ALL_PARTS=("${INFRASTRUCTURE[@]}" "${SERVICES[@]}" gateway)

# part_exists NAME
part_exists() {
    local part
    for part in "${ALL_PARTS[@]}"; do [[ $part != "$1" ]] || return 0; done
    return 1
}

is_service() {
    local part
    for part in "${SERVICES[@]}"; do [[ $part != "$1" ]] || return 0; done
    return 1
}

# require_part NAME: the name people gave after S=; the names of executables are understood too
require_part() {
    local name=${1%-service}
    name=${name%-worker}
    case $name in nginx) name=gateway ;; rabbit) name=rabbitmq ;; esac
    part_exists "$name" || die "there is no part '$1'" \
        "S is one of: room message signaling notification redis postgres rabbitmq gateway"
    printf '%s' "$name"
}

# log_name PART: the name of its log file and, for the services, of its executable
log_name() {
    case $1 in
    room | message | signaling) printf '%s-service' "$1" ;;
    notification) printf 'notification-worker' ;;
    *) printf '%s' "$1" ;;
    esac
}

# part_script PART: the script that prepares and runs it
part_script() {
    if is_service "$1"; then
        printf '%s/deploy/local/parts/service.sh' "$PARLOR_ROOT"
    else
        printf '%s/deploy/local/parts/%s.sh' "$PARLOR_ROOT" "$1"
    fi
}

# part_title PART: as people call it
part_title() {
    case $1 in
    postgres) printf 'PostgreSQL' ;;
    redis) printf 'Redis' ;;
    epmd) printf 'epmd' ;;
    rabbitmq) printf 'RabbitMQ' ;;
    *) printf '%s' "$1" ;;
    esac
}
