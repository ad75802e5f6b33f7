"""SMTP on 1025; every mail becomes a file in /mail, newest last. HTTP on 8025 lists and shows them."""

import functools
import http.server
import itertools
import os
import time

from aiosmtpd.controller import Controller

FOLDER = "/mail"
numbers = itertools.count()


class Keep:
    async def handle_DATA(self, server, session, envelope):
        name = f"{time.time_ns()}-{next(numbers):04}.eml"
        partial = os.path.join(FOLDER, "." + name)
        with open(partial, "wb") as file:
            file.write(b"X-Envelope-To: " + ", ".join(envelope.rcpt_tos).encode() + b"\r\n")
            file.write(envelope.original_content)
        os.rename(partial, os.path.join(FOLDER, name))
        print(f"kept {name}")
        return "250 kept"


class Files(http.server.SimpleHTTPRequestHandler):
    extensions_map = {".eml": "text/plain; charset=utf-8"}

    def log_message(self, *arguments):
        pass


Controller(Keep(), hostname="0.0.0.0", port=1025).start()
http.server.ThreadingHTTPServer(("0.0.0.0", 8025), functools.partial(Files, directory=FOLDER)).serve_forever()
