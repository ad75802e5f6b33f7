"""A real SMTP server (aiosmtpd) that misbehaves on request, for tests.

The local part of a recipient says what happens to a mail:

    refuse.550@…       RCPT is answered 550 (any code)
    greylist.2@…       RCPT is answered 451 twice, then accepted
    answer.554@…       the final dot is answered 554 (any code)
    stall.rcpt@…       RCPT is never answered          stall.data@…   the mail is taken, the dot never answered
    drop.rcpt@…        RCPT is answered by hanging up  drop.data@…    the mail is taken, then hung up
    late.12@…          the mail is taken, the dot answered 12 seconds later
    anybody else       accepted

What is taken is appended to DIR/mails.jsonl, parsed by Python's own email package.
"""

import argparse
import asyncio
import email
import email.header
import email.policy
import email.utils
import json
import os
import ssl
from collections import Counter

from aiosmtpd.smtp import SMTP, AuthResult


def name_in(content: bytes, header: str) -> str:
    # The newer policy joins the encoded words of a phrase with blanks (python/cpython#79728); the older does not.
    raw = email.utils.parseaddr(email.message_from_bytes(content)[header])[0]
    return str(email.header.make_header(email.header.decode_header(raw)))


def parsed(content: bytes) -> dict:
    message = email.message_from_bytes(content, policy=email.policy.default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    sender = message["From"].addresses[0] if message["From"] else None
    recipient = message["To"].addresses[0] if message["To"] else None
    return {
        "subject": message["Subject"] and str(message["Subject"]),
        "fromName": name_in(content, "From"),
        "fromAddress": sender.addr_spec if sender else None,
        "toName": name_in(content, "To"),
        "toAddress": recipient.addr_spec if recipient else None,
        "messageID": message["Message-ID"],
        "date": message["Date"].datetime.isoformat() if message["Date"] else None,
        "unsubscribe": message["List-Unsubscribe"],
        "headers": [name for name, _ in message.items()],
        "text": text and text.get_content().replace("\r\n", "\n"),
        "html": html and html.get_content().replace("\r\n", "\n"),
        "defects": [str(d) for part in message.walk() for d in part.defects],
        "longestLine": max(len(line) for line in content.split(b"\r\n")),
        "bareNewlines": content.replace(b"\r\n", b"").count(b"\n") + content.replace(b"\r\n", b"").count(b"\r"),
        "size": len(content),
    }


class Handler:
    def __init__(self, directory: str):
        self.file = open(os.path.join(directory, "mails.jsonl"), "ab", buffering=0)
        self.attempts = Counter()

    async def handle_RCPT(self, server, session, envelope, address, options):
        what, _, detail = address.split("@")[0].partition(".")
        self.attempts[address] += 1
        if what == "refuse":
            return f"{detail} 5.1.1 refused as asked"
        if what == "greylist" and self.attempts[address] <= int(detail):
            return "451 4.7.1 come back later"
        if (what, detail) == ("stall", "rcpt"):
            await asyncio.sleep(3600)
        if (what, detail) == ("drop", "rcpt"):
            server.transport.abort()
            return "421 gone"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        address = envelope.rcpt_tos[0]
        what, _, detail = address.split("@")[0].partition(".")
        if what == "answer":
            return f"{detail} 5.6.0 answered as asked"
        record = parsed(envelope.content) | {
            "envelopeFrom": envelope.mail_from, "envelopeTo": address, "connection": session.peer[1],
            "isEncrypted": server.transport.get_extra_info("ssl_object") is not None, "user": session.auth_data,
        }
        self.file.write(json.dumps(record).encode() + b"\n")
        if (what, detail) == ("stall", "data"):
            await asyncio.sleep(3600)
        if what == "late":
            await asyncio.sleep(int(detail))
        if (what, detail) == ("drop", "data"):
            server.transport.abort()
            return "421 gone"
        return "250 2.0.0 queued"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--parse", help="print what Python makes of a message in a file")
    options.add_argument("--dir")
    options.add_argument("--port", type=int)
    options.add_argument("--tls", choices=["none", "offered", "implicit"], default="none")
    options.add_argument("--certificate")
    options.add_argument("--key")
    options.add_argument("--user")
    options.add_argument("--password")
    options = options.parse_args()
    if options.parse:
        print(json.dumps(parsed(open(options.parse, "rb").read())))
        return

    context = None
    if options.tls != "none":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)

    def authenticate(server, session, envelope, mechanism, data):
        good = (data.login.decode(), data.password.decode()) == (options.user, options.password)
        return AuthResult(success=good, handled=False, auth_data=options.user if good else None)

    settings = {"enable_SMTPUTF8": True, "hostname": "mail.test"}
    if options.tls == "offered":
        settings["tls_context"] = context
    if options.user:
        settings |= {
            "authenticator": authenticate, "auth_required": True,
            "auth_require_tls": options.tls == "offered",
        }
    handler = Handler(options.dir)

    async def serve():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(handler, loop=loop, **settings), "127.0.0.1", options.port,
            ssl=context if options.tls == "implicit" else None)
        await server.serve_forever()

    asyncio.run(serve())


main()
