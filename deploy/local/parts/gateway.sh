#!/usr/bin/env bash
# The gateway: nginx with the template that the containers use too.
# shellcheck source=../lib/part.sh
source "$(dirname "$0")/../lib/part.sh"

prepare() {
    mkdir -p "$RUN_DIR/nginx"
    local user='' connections=4096
    # workers of a root's nginx would be `nobody`, who may not read the pages
    ((EUID != 0)) || user='user root;'
    [[ $(ulimit -Hn) != unlimited && $(ulimit -Hn) -lt 16384 ]] || connections=16384
    GATEWAY_USER=$user \
        GATEWAY_CONNECTIONS=$connections \
        GATEWAY_LISTEN=$PARLOR_BIND:$GATEWAY_PORT \
        GATEWAY_RUN=$RUN_DIR/nginx \
        GATEWAY_WEB=$PARLOR_ROOT/Web \
        GATEWAY_DOCUMENTS=$PARLOR_ROOT/docs/api \
        GATEWAY_ORIGINS=$(origin_pattern "$CORS_ORIGINS,$PUBLIC_URL") \
        GATEWAY_ROOM="server 127.0.0.1:$ROOM_PORT;" \
        GATEWAY_MESSAGE="server 127.0.0.1:$MESSAGE_PORT;" \
        GATEWAY_SIGNALING="server 127.0.0.1:$SIGNALING_PORT;" \
        GATEWAY_NOTIFICATION="server 127.0.0.1:$NOTIFICATION_PORT;" \
        fill_template "$PARLOR_ROOT/deploy/gateway/nginx.conf.template" | replace_file "$PART_CONF" 600
    local words
    words=$("$(nginx_bin)" -t -q -p "$RUN_DIR/nginx" -e stderr -c "$PART_CONF" 2>&1) ||
        die "nginx refuses its configuration $PART_CONF: $words"
}

# fill_template FILE: with the GATEWAY_… variables, as the nginx image does with envsubst
fill_template() {
    local text name
    text=$(<"$1")
    for name in "${!GATEWAY_@}"; do text=${text//"\${$name}"/"${!name}"}; done
    printf '%s\n' "$text"
}

# origin_pattern LIST: a,b → a regular expression that matches exactly these; * is any
origin_pattern() {
    case ",$1," in *,\*,*) printf '.*' ;; *) sed -E 's/[[:space:]]//g; s/,+/,/g; s/,$//; s/[.*+?(){}|^$]/\\&/g; s/,/|/g' <<<"$1" ;; esac
}

# its own process group, so that finish() finds workers whose master was killed: they would keep the port
serve() { exec chpst -P "$(nginx_bin)" -p "$RUN_DIR/nginx" -e stderr -c "$PART_CONF" -g 'daemon off;'; }

finish() { kill -KILL -- "-$(<"$RUN_DIR/gateway.pid")" 2>/dev/null || true; }

part_main "$@"
