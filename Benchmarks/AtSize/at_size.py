#!/usr/bin/env python3
"""Discovery, history and search on small and on big tables, through the real services: what each asks of PostgreSQL.

    at_size.py [--rooms 10000 1000000] [--messages 10000 10000000] [--rounds 40] [--plans FILE] [--home FOLDER] [--keep]

Starts a stack of its own (deploy/local/run.sh), fills it, and asks everything of it twice: small, then big. For each
request it prints the median time and the pages of the database that its statement touched, and how both grew. A page
count that grows with the table is a plan that does; the last line says how many do, and then the exit status is 3.
With --plans the plans that the server itself logged (auto_explain) are written as Markdown.
"""

import argparse
import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
LOCAL = os.path.join(HERE, "../../deploy/local")

# A deeper tree is a page more, and the same few rows lie in as many more pages as there are rows between them.
ALLOWED_GROWTH, ALLOWED_PAGES = 4, 400
# What the limits of one page of a search come to, where the small table was smaller than they are.
ALLOWED_PAGES_OF_SEARCH = 7_000


class Stack:
    def __init__(self, home: str):
        self.home = home
        os.makedirs(home, exist_ok=True)
        self.environment = os.environ | {
            "PARLOR_HOME": home, "DEMO": "0", "PARLOR_PORT_BASE": os.environ.get("PARLOR_PORT_BASE", "30080"),
            "REST_RATE": "1000000", "REST_BURST": "1000000", "SEARCH_RATE": "1000000", "SEARCH_BURST": "1000000",
            "MAINTENANCE_INTERVAL_MINUTES": "600", "CLEANUP_INTERVAL_MINUTES": "600",
        }
        self.run("reset.sh")
        self.run("run.sh")
        self.values = {}
        for name in ("config.env", "secrets.env"):
            with open(os.path.join(home, name)) as file:
                self.values |= dict(line.rstrip("\n").split("=", 1) for line in file if "=" in line)
        self.log = os.path.join(home, "log", "postgres.log")

    def run(self, script: str, *arguments: str):
        subprocess.run([os.path.join(LOCAL, script), *arguments], env=self.environment, check=True,
                       stdout=sys.stderr)

    def sql(self, *arguments: str):
        url = self.values
        subprocess.run(
            ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", url["POSTGRES_PORT"], "-U", "postgres",
             "-d", "parlor", *arguments],
            env=os.environ | {"PGPASSWORD": url["POSTGRES_ADMIN_PASSWORD"]}, check=True, stdout=subprocess.DEVNULL)

    def explain(self):
        """The server notes the plan of every statement from here on, for whoever connects."""
        for setting in ("session_preload_libraries = 'auto_explain'", "auto_explain.log_min_duration = -1",
                        "auto_explain.log_analyze = on", "auto_explain.log_buffers = on",
                        "auto_explain.log_timing = on"):
            # Loaded here as well, or the server would not know the names.
            self.sql("-c", "LOAD 'auto_explain'", "-c", f"ALTER SYSTEM SET {setting}")
        self.sql("-c", "SELECT pg_reload_conf()")
        for part in ("room", "message"):
            self.run("part.sh", "restart", part)

    def watch(self, on: bool):
        self.sql("-c", "LOAD 'auto_explain'",
                 "-c", f"ALTER SYSTEM SET auto_explain.log_min_duration = {0 if on else -1}",
                 "-c", "SELECT pg_reload_conf()")
        time.sleep(1)


class Client:
    def __init__(self, stack: Stack):
        self.ports = {name: int(stack.values[f"{name.upper()}_PORT"]) for name in ("room", "message")}
        self.connections = {}
        self.headers = {"Content-Type": "application/json"}
        answer = self.call("room", "/auth/dev-token", {"email": "at-size@example.org", "name": "At Size"})
        self.user = answer["userId"]
        self.headers["Authorization"] = "Bearer " + answer["token"]

    def call(self, service: str, path: str, body=None):
        for attempt in (1, 2):
            connection = self.connections.setdefault(
                service, http.client.HTTPConnection("127.0.0.1", self.ports[service], timeout=120))
            try:
                connection.request("POST" if body else "GET", path, json.dumps(body) if body else None, self.headers)
                response = connection.getresponse()
                text = response.read()
                break
            except (http.client.HTTPException, OSError):
                del self.connections[service]
                if attempt == 2:
                    raise
        if response.status >= 400:
            raise SystemExit(f"{path}: {response.status} {text.decode()}")
        return json.loads(text)


def cases(client: Client, half: int):
    """(name, service, path): everything that lists, and what stands beside it."""
    sorts = ("activity", "members", "newest", "name")
    filters = {
        "": "", "type=public": "", "type=artist": "", "kind=listening": "", "kind=meeting&type=artist": "",
        "genre=Genre%200": "", "genre=genre%20100": "", "genre=Genre%20499": "", "genre=Genre%20100&type=artist": "",
        "active=false": "", "q=rare": "", "q=occasional": "", "q=w10": "", "q=w3": "", "q=frequent": "", "q=frequent%20occasional": "",
        "q=occasional&kind=chat": "", "q=frequent&genre=Genre%20100": "",
    }
    for chosen in filters:
        for sort in sorts:
            path = "/rooms/discover?" + "&".join(filter(None, [chosen, f"sort={sort}"]))
            yield path, "room", path
    for sort in sorts:
        path, cursor = f"/rooms/discover?sort={sort}&limit=200", None
        for _ in range(12):
            page = client.call("room", path + (f"&cursor={urllib.parse.quote(cursor)}" if cursor else ""))
            cursor = page["nextCursor"] or cursor
        yield f"/rooms/discover?sort={sort}&cursor=… (page 13 of 200)", "room", f"{path}&cursor={urllib.parse.quote(cursor)}"
    room = client.room
    yield "/rooms", "room", "/rooms"
    yield "/rooms/{room}", "room", f"/rooms/{room}"
    yield "/rooms/{room}/members", "room", f"/rooms/{room}/members"
    for query in ("", f"?before={half}", f"?after={half}", f"?around={half}", "?limit=200"):
        yield "/rooms/{room}/messages" + query.replace(str(half), "…"), "message", f"/rooms/{room}/messages{query}"
    yield "/rooms/{room}/timeline?after=…", "message", f"/rooms/{room}/timeline?after={half}"
    for words in ("absent", "rare", "w15000", "occasional", "w100", "w10", "w1", "frequent", "frequent%20occasional", "%22rare%22"):
        yield f"/rooms/{{room}}/messages/search?q={words}", "message", f"/rooms/{room}/messages/search?q={words}"
    yield "/rooms/{room}/messages/search?q=w1&from=…", "message", f"/rooms/{room}/messages/search?q=w1&from={client.sender}"
    yield "/messages/unread", "message", "/messages/unread"
    first = client.call("message", f"/rooms/{room}/messages?around=1&limit=1")["items"][0]["id"]
    yield "/messages/{message}", "message", f"/messages/{first}"
    yield "/messages/{message}/replies", "message", f"/messages/{first}/replies"
    cursor = client.call("message", f"/messages/{first}/replies?limit=20")["nextCursor"]
    yield "/messages/{message}/replies?limit=20&cursor=…", "message", f"/messages/{first}/replies?limit=20&cursor={urllib.parse.quote(cursor)}"
    yield "/rooms/{room}/pins", "message", f"/rooms/{room}/pins"
    for query in ("", f"?before={half // 10}", f"?after={half // 10}"):
        yield ("/rooms/{archived}/messages" + query.replace(str(half // 10), "…"), "message",
               f"/rooms/{client.archived}/messages{query}")


def plan_of(log: str, offset: int) -> tuple[int, str]:
    """The statement that touched most pages since `offset`, its pages and its plan."""
    with open(log, errors="replace") as file:
        file.seek(offset)
        text = file.read()
    best = (-1, "")
    for entry in re.split(r"\n(?=\S)", text):
        if "plan:\n" not in entry:
            continue
        plan = entry.split("plan:\n", 1)[1]
        tree = plan[plan.find("\n", plan.rfind("Query Text")) :] if "Query Text" in plan else plan
        first = re.search(r"Buffers: shared(?: hit=(\d+))?(?: read=(\d+))?", plan)
        pages = sum(int(n or 0) for n in first.groups()) if first else 0
        if pages > best[0]:
            best = (pages, plan.replace("\n\t", "\n").strip())
    return best


def measure(stack: Stack, client: Client, half: int, rounds: int) -> dict:
    found, listed = {}, list(cases(client, half))
    stack.watch(False)
    for name, service, path in listed:
        # The server may have planned for good by the sixth time.
        for _ in range(6):
            client.call(service, path)
        times = []
        began = time.perf_counter()
        while len(times) < min(5, rounds) or (len(times) < rounds and time.perf_counter() - began < 1):
            at = time.perf_counter()
            client.call(service, path)
            times.append((time.perf_counter() - at) * 1000)
        found[name] = {"ms": statistics.median(times)}
    stack.watch(True)
    for name, service, path in listed:
        offset = os.path.getsize(stack.log)
        client.call(service, path)
        time.sleep(0.05)
        found[name]["pages"], found[name]["plan"] = plan_of(stack.log, offset)
    stack.watch(False)
    return found


def fill(stack: Stack, client: Client, have: int, rooms: int, messages: int):
    began = time.time()
    say = lambda what: print(f"  {what} after {time.time() - began:.0f} s", file=sys.stderr)
    stack.sql("-f", os.path.join(HERE, "functions.sql"))
    stack.sql("-v", f"from={have + 1}", "-v", f"upto={rooms}", "-f", os.path.join(HERE, "rooms.sql"))
    stack.sql("-c", f"""INSERT INTO rooms.members (room_id, user_id, role, joined_at, joined_fact)
        SELECT md5('room' || i)::uuid, '{client.user}', 'member', now(), 6 FROM generate_series(1, 100) i
        ON CONFLICT DO NOTHING""")
    say(f"{rooms:,} rooms")
    stack.sql("-v", f"count={messages}", "-v", f"caller={client.user}", "-f", os.path.join(HERE, "messages.sql"))
    # Somebody who reads along.
    stack.sql("-c", "UPDATE messages.members m SET last_read_seq = greatest(0, r.last_seq - 40) FROM messages.rooms r "
              "WHERE r.room_id = m.room_id")
    say(f"{messages:,} messages")
    stack.sql("-c", "CHECKPOINT")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rooms", type=int, nargs=2, default=[10_000, 1_000_000])
    options.add_argument("--messages", type=int, nargs=2, default=[10_000, 10_000_000])
    options.add_argument("--rounds", type=int, default=40, help="how often each request is timed at most")
    options.add_argument("--plans")
    options.add_argument("--home", default=os.path.abspath(os.path.join(HERE, "../../.local-at-size")))
    options.add_argument("--keep", action="store_true")
    options = options.parse_args()

    stack = Stack(options.home)
    try:
        stack.explain()
        client = Client(stack)
        results, have = [], 0
        for rooms, messages in zip(options.rooms, options.messages):
            print(f"Filling with {rooms:,} rooms, {5 * rooms:,} memberships and {messages:,} messages.", file=sys.stderr)
            fill(stack, client, have, rooms, messages)
            have = rooms
            port = stack.values["POSTGRES_PORT"]
            query = "SELECT public.at_size_code(1), md5('user1')::uuid, public.at_size_code(2)"
            row = subprocess.run(
                ["psql", "-XAt", "-h", "127.0.0.1", "-p", port, "-U", "postgres", "-d", "parlor", "-c", query],
                env=os.environ | {"PGPASSWORD": stack.values["POSTGRES_ADMIN_PASSWORD"]}, check=True,
                capture_output=True, text=True).stdout.strip()
            client.room, client.sender, client.archived = row.split("|")
            results.append(measure(stack, client, messages // 4, options.rounds))
        grown = report(options, *results)
        if options.plans:
            write_plans(options, *results)
    finally:
        if not options.keep:
            stack.run("reset.sh")
            shutil.rmtree(options.home, ignore_errors=True)
    sys.exit(3 if grown else 0)


def report(options, small: dict, big: dict) -> list:
    print(f"{'':64} {'ms':>7} {'ms':>8} {'ratio':>6} {'pages':>7} {'pages':>7} {'ratio':>6}")
    print(f"{'':64} {'small':>7} {'big':>8} {'':>6} {'small':>7} {'big':>7}")
    grown = []
    for name, one in small.items():
        two = big[name]
        time_ratio, page_ratio = two["ms"] / one["ms"], two["pages"] / max(one["pages"], 1)
        allowed = ALLOWED_PAGES_OF_SEARCH if "q=" in name else ALLOWED_PAGES
        grows = page_ratio > ALLOWED_GROWTH and two["pages"] > allowed
        if grows:
            grown.append(name)
        print(f"{name:64} {one['ms']:7.2f} {two['ms']:8.2f} {time_ratio:6.1f} {one['pages']:7} {two['pages']:7} "
              f"{page_ratio:6.1f}{'  grows' if grows else ''}")
    print(f"{len(grown)} of {len(small)} grow with the table.")
    return grown


def trimmed(plan: str) -> str:
    """Without the columns, the planner's guesses, and the pages but of the whole."""
    plan = re.sub(r"SELECT\s+(?:(?!SELECT|FROM).)*\sFROM", "SELECT … FROM", plan, flags=re.S)
    plan = re.sub(r"\(cost=\S+ rows=\d+ width=\d+\) ", "", plan).replace("Query Text: ", "")
    lines, seen = [], False
    for line in plan.splitlines():
        if "Buffers:" in line:
            if seen:
                continue
            seen = True
        if not re.search(r"Planning:|Subplans Removed|Memory:", line):
            lines.append(line)
    return "\n".join(lines)


# One of each kind stands for the others.
SHOWN = ("discover?sort=", "&sort=activity", "page 13", "{room}/messages", "timeline", "unread", "/rooms", "replies", "archived")


def write_plans(options, small: dict, big: dict):
    with open(options.plans, "w") as file:
        file.write(f"""# Plans of one run

What PostgreSQL does for each list and page when {options.rooms[1]:,} rooms with {5 * options.rooms[1]:,} memberships and {options.messages[1]:,} messages are
there, half of those in one room; beside it the same with {options.rooms[0]:,} rooms and {options.messages[0]:,} messages. The plans are those
that the server itself logged for the requests of a running stack; `make atsize ARGS="--plans FILE"` made this page. Pages are of 8 KiB, in memory or not; the times are of the whole request, as its caller saw it.

| request | pages, small | pages, big | ms, small | ms, big |
|---|---|---|---|---|
""")
        for name, found in big.items():
            one = small[name]
            file.write(f"| `{name}` | {one['pages']} | {found['pages']} | {one['ms']:.1f} | {found['ms']:.1f} |\n")
        for name, found in big.items():
            if "q=" in name and "sort=activity" not in name and "search" not in name:
                continue
            if any(word in name for word in SHOWN):
                file.write(f"\n### `{name}`\n\n```\n{trimmed(found['plan'])}\n```\n")


if __name__ == "__main__":
    main()
