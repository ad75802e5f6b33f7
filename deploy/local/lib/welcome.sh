# The last words of `make run`: where it is, a token, three things to try.
# shellcheck shell=bash

# dev_token EMAIL NAME: of the running stack; good for a day
dev_token() {
    curl -fsS -m 5 --noproxy '*' -H 'Content-Type: application/json' \
        -d "{\"email\": \"$1\", \"name\": \"$2\"}" "$GATEWAY_URL/auth/dev-token" 2>/dev/null |
        sed -nE 's/.*"token" *: *"([^"]+)".*/\1/p'
}

welcome() {
    local token
    token=$(dev_token you@example.com You) || token=
    say
    say "make demo plays the demonstration again; make status, make logs, make stop do what they say."
    say
    say "Parlor is at $PUBLIC_URL"
    if [[ -n $token ]]; then
        cat <<EOF
A token for you@example.com, good for a day:

TOKEN=$token

curl -s -X POST $PUBLIC_URL/rooms -H "Authorization: Bearer \$TOKEN" -H 'Content-Type: application/json' -d '{"name": "My first room", "kind": "chat"}'
curl -s $PUBLIC_URL/rooms -H "Authorization: Bearer \$TOKEN"
curl -s $PUBLIC_URL/users/me -H "Authorization: Bearer \$TOKEN"
EOF
    fi
}
