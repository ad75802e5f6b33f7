# The environment of the services, and stack.env, which tells everybody else where the stack is.
# shellcheck shell=bash

# What stack.env shows, besides the process ids
STACK_KEYS=(
    PUBLIC_URL GATEWAY_URL ROOM_URL MESSAGE_URL SIGNALING_URL NOTIFICATION_URL
    DATABASE_URL REDIS_URL RABBITMQ_URL
    INTERNAL_TOKEN JWT_SECRET TURN_SECRET CORS_ORIGINS
    MAIL_DIR LOG_DIR PARLOR_HOME PARLOR_BIN
    GATEWAY_PORT ROOM_PORT MESSAGE_PORT SIGNALING_PORT NOTIFICATION_PORT POSTGRES_PORT REDIS_PORT RABBITMQ_PORT
)

# The stack decides these itself: what a shell happens to have for another project must not leak in.
# Whoever means it writes them to overrides.env.
STACK_OWN=(
    DATABASE_URL REDIS_URL RABBITMQ_URL HTTP_HOST HTTP_PORT
    ROOM_URL MESSAGE_URL SIGNALING_URL NOTIFICATION_URL INTERNAL_TOKEN MAIL_DIR
)

# write_config: config.env, from the chosen ports and the secrets
write_config() {
    # shellcheck source=/dev/null
    source "$SECRETS_ENV"
    local bind=${PARLOR_BIND:-127.0.0.1} local_url=http://127.0.0.1 port
    # shellcheck disable=SC2153
    local public=http://localhost:$GATEWAY_PORT
    replace_file "$CONFIG_ENV" 600 < <(
        cat "$SECRETS_ENV"
        for port in GATEWAY ROOM MESSAGE SIGNALING NOTIFICATION POSTGRES REDIS RABBITMQ EPMD RABBITMQ_DISTRIBUTION; do
            port=${port}_PORT
            printf '%s=%s\n' "$port" "${!port}"
        done
        cat <<EOF
PARLOR_BIND=$bind
PARLOR_BIN=$PARLOR_BIN
ENVIRONMENT=development
DEV_AUTH=true
HTTP_HOST=127.0.0.1
PUBLIC_URL=$public
GATEWAY_URL=$local_url:$GATEWAY_PORT
ROOM_URL=$local_url:$ROOM_PORT
MESSAGE_URL=$local_url:$MESSAGE_PORT
SIGNALING_URL=$local_url:$SIGNALING_PORT
NOTIFICATION_URL=$local_url:$NOTIFICATION_PORT
DATABASE_URL=postgres://parlor:$POSTGRES_PASSWORD@127.0.0.1:$POSTGRES_PORT/parlor
REDIS_URL=redis://:$REDIS_PASSWORD@127.0.0.1:$REDIS_PORT/0
RABBITMQ_URL=amqp://parlor:$RABBITMQ_PASSWORD@127.0.0.1:$RABBITMQ_PORT/parlor
CORS_ORIGINS=$public,$local_url:$GATEWAY_PORT
MAIL_FROM=parlor@localhost
MAIL_DIR=$MAIL_DIR
LOG_DIR=$LOG_DIR
EOF
    )
}

# keep_caller_variables fresh|more: notes the variables of .env.example that the caller has set, for the services.
# `fresh` forgets those of earlier calls; `more` adds to them. To be called before load_environment sets them all.
keep_caller_variables() {
    local name kept=()
    [[ $1 == fresh || ! -e $CALLER_ENV ]] || mapfile -t kept <"$CALLER_ENV"
    replace_file "$CALLER_ENV" 600 < <(
        ((${#kept[@]} == 0)) || printf '%s\n' "${kept[@]}"
        while read -r name; do
            [[ " ${STACK_OWN[*]} " == *" $name "* || -z ${!name+set} ]] || printf '%s=%q\n' "$name" "${!name}"
        done < <(sed -nE 's/^#? ?([A-Z][A-Z0-9_]*)=.*/\1/p' "$PARLOR_ROOT/.env.example")
    )
}

require_stack() { [[ -r $CONFIG_ENV ]] || die "there is no stack under $PARLOR_HOME" "make run starts one."; }

# load_environment: config.env, then what the caller said, then the overrides; all exported
load_environment() {
    require_stack
    local file
    set -a
    for file in "$CONFIG_ENV" "$CALLER_ENV" "$OVERRIDES_ENV"; do
        # shellcheck source=/dev/null
        [[ ! -e $file ]] || source "$file"
    done
    set +a
}

# write_stack_env: atomically, and one writer at a time, for every part rewrites it when it starts
write_stack_env() (
    exec 9>"$RUN_DIR/stack.lock"
    flock 9
    load_environment
    replace_file "$STACK_ENV" 600 < <(
        local key part
        for key in "${STACK_KEYS[@]}"; do printf '%s=%s\n' "$key" "${!key:-}"; done
        for part in "${ALL_PARTS[@]}"; do
            printf '%s_PID=%s\n' "${part^^}" "$(cat "$RUN_DIR/$part.pid" 2>/dev/null || true)"
        done
    )
)

# replace_file PATH MODE <content: readers see the old file or the new one; an unchanged file is left alone
replace_file() {
    local path=$1 mode=$2 next
    next=$(mktemp "$path.XXXXXX")
    cat >"$next"
    chmod "$mode" "$next"
    if cmp -s "$next" "$path"; then rm -f "$next"; else mv -f "$next" "$path"; fi
}
