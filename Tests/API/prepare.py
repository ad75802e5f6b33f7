"""Makes a small world in a running stack, and tells schemathesis (in a schemathesis.toml) what is in it.

    prepare.py GATEWAY_URL FOLDER

Without it most calls would end at "no such room": with it they reach rooms, messages, members and invitations in every
state. Prints the token to use.
"""

import json
import sys
import urllib.request

gateway, folder = sys.argv[1], sys.argv[2]
proxyless = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def call(method, path, token=None, body=None):
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(gateway + path, data, headers, method=method)
    with proxyless.open(request, timeout=30) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def sign_in(name, role="user"):
    account = call("POST", "/auth/dev-token", body={"email": f"{name}@api.example", "name": name, "role": role})
    return account["token"], account["userId"]


ada, ada_id = sign_in("ada", role="admin")
ben, ben_id = sign_in("ben")
cem, cem_id = sign_in("cem")
dan, dan_id = sign_in("dan")


def room(owner, **fields):
    return call("POST", "/rooms", owner, {"name": "API", "kind": "chat", **fields})


own = room(ada, type="public", description="words to be found")
strange = room(ben, type="private")
ended = room(ada)
for place in (own, ended):
    for token in (ben, cem):
        call("POST", f"/rooms/{place['roomId']}/join", token)
call("POST", f"/rooms/{own['roomId']}/bans", ada, {"userId": dan_id, "reason": "loud"})


def message(token, place, **fields):
    return call("POST", f"/rooms/{place['roomId']}/messages", token, {"content": "some words", **fields})


first = message(ada, own)
answer = message(ben, own, type="reply", parentId=first["id"])
removed = message(ada, own)
call("POST", f"/messages/{first['id']}/reactions", ben, {"emoji": "👍"})
call("PUT", f"/rooms/{own['roomId']}/pins/{first['id']}", ada)
call("DELETE", f"/messages/{removed['id']}", ada)
buried = message(ada, ended)
call("DELETE", f"/rooms/{ended['roomId']}", ada)

sent = call("POST", f"/rooms/{own['roomId']}/invite", ada, {"email": "guest@api.example"})
received = call("POST", f"/rooms/{strange['roomId']}/invite", ben, {"email": "ada@api.example"})

dictionaries = {
    "rooms": [own["roomId"], own["id"], strange["roomId"], ended["roomId"], "abc-defg-hij"],
    "users": [ben_id, cem_id, dan_id, ada_id],
    "messages": [first["id"], answer["id"], removed["id"], buried["id"]],
    "invitations": [sent["invitationId"], received["invitationId"]],
    "emoji": ["👍", "🎉", "no emoji"],
}
parameters = {
    "path.room": "rooms", "path.user": "users", "path.message": "messages", "path.invitation": "invitations",
    "path.emoji": "emoji", "body.roomId": "rooms", "body.userId": "users", "body.messageId": "messages",
    "body.parentId": "messages",
}
with open(f"{folder}/schemathesis.toml", "w", encoding="utf-8") as file:
    for name, values in dictionaries.items():
        file.write(f"[dictionaries.{name}]\nvalues = {json.dumps(values, ensure_ascii=False)}\n\n")
    file.write("[parameters]\n")
    for name, values in parameters.items():
        file.write(f'"{name}" = {{ dictionary = "{values}", probability = 0.8 }}\n')
    # Rights, an ended room and a stale version are told before a bad body (contract, section 2).
    file.write("\n[checks.negative_data_rejection]\n")
    file.write("expected-statuses = [400, 401, 403, 404, 405, 409, 410, 412, 413, 415, 422, 429, 503]\n")
print(ada)
