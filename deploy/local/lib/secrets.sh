# Secrets of this stack: made once, kept in a file that only its owner reads.
# shellcheck shell=bash

# random_hex BYTES
random_hex() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }

# make_secrets: adds what is missing to the secrets file, so that a later version may want one more
make_secrets() {
    local name
    [[ -e $SECRETS_ENV ]] || (umask 077 && : >"$SECRETS_ENV")
    for name in INTERNAL_TOKEN JWT_SECRET TURN_SECRET GATEWAY_SECRET \
        POSTGRES_PASSWORD POSTGRES_ADMIN_PASSWORD REDIS_PASSWORD RABBITMQ_PASSWORD RABBITMQ_COOKIE; do
        grep -q "^$name=" "$SECRETS_ENV" || printf '%s=%s\n' "$name" "$(random_hex 32)" >>"$SECRETS_ENV"
    done
}
