# Ports: the contract's for the services, out of the way for the rest; every one can be set, or all by a base.
# shellcheck shell=bash

# choose_ports: sets <PART>_PORT for every part. PARLOR_PORT_BASE=N puts them at N … N+14.
choose_ports() {
    local base=${PARLOR_PORT_BASE:-}
    [[ -z $base || $base =~ ^[0-9]+$ && $base -ge 1024 && $base -le 65500 ]] ||
        die "PARLOR_PORT_BASE=$base is no port between 1024 and 65500"
    choose_port GATEWAY "${base:-8080}"
    choose_port ROOM "$((${base:-8080} + 1))"
    choose_port MESSAGE "$((${base:-8080} + 2))"
    choose_port SIGNALING "$((${base:-8080} + 3))"
    choose_port NOTIFICATION "$((${base:-8080} + 4))"
    choose_port POSTGRES "${base:+$((base + 10))}" 18432
    choose_port REDIS "${base:+$((base + 11))}" 18379
    choose_port RABBITMQ "${base:+$((base + 12))}" 18672
    choose_port EPMD "${base:+$((base + 13))}" 18369
    choose_port RABBITMQ_DISTRIBUTION "${base:+$((base + 14))}" 18673
}

# choose_port NAME DEFAULT [OTHER DEFAULT]: PARLOR_<NAME>_PORT of the caller wins
choose_port() {
    local given=PARLOR_$1_PORT value
    value=${!given:-${2:-${3:-}}}
    [[ $value =~ ^[0-9]+$ && $value -ge 1 && $value -le 65535 ]] || die "$given=$value is no port"
    printf -v "$1_PORT" %s "$value"
}

# part_port PART: the port it listens on, of the configuration that has been loaded
part_port() {
    local name=${1^^}_PORT
    printf '%s' "${!name}"
}

# port_busy PORT: somebody listens there
port_busy() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# port_holder PORT: who, as far as this user may know
port_holder() {
    command -v ss >/dev/null || return 0
    ss -Hltnp "sport = :$1" 2>/dev/null |
        sed -nE 's/.*users:\(\("([^"]*)",pid=([0-9]+).*/\1 (process \2)/p' | head -1
}

# require_free_port PART: unless the part itself is what listens there
require_free_port() {
    local part=$1 port holder
    port=$(part_port "$part")
    port_busy "$port" || return 0
    holder=$(port_holder "$port")
    die "port $port, which $(part_title "$part") needs, is used by ${holder:-another program}" \
        "Stop that, or choose others: make run PARLOR_PORT_BASE=9080 (or PARLOR_${part^^}_PORT=…)."
}
