# Where the distribution keeps the servers; none of them is on PATH, or not in the shape we need.
# shellcheck shell=bash

# postgres_bin: the newest PostgreSQL that is installed
postgres_bin() {
    local bin
    bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -1)
    if [[ -x $bin/postgres ]]; then printf '%s' "$bin"; else dirname "$(command -v postgres)"; fi
}

# rabbitmq_bin: the scripts themselves; those on PATH insist on a user called rabbitmq
rabbitmq_bin() {
    if [[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ]]; then
        printf '/usr/lib/rabbitmq/bin'
    else
        dirname "$(readlink -f "$(command -v rabbitmq-server)")"
    fi
}

# nginx_bin: sbin is not on every user's PATH
nginx_bin() { command -v nginx || printf '/usr/sbin/nginx'; }
