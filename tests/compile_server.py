"""Compiles universal binaries for tests that run on an interpreter without this project's dev kit.

`python compile_server.py SOCKET` listens until it is ended. A client sends one line of JSON, [name, source, flags], and gets
one back: [path, null] or [null, message].
"""

from __future__ import annotations

import json
import os
import socketserver
import sys

import extensions


class Request(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        name, text, flags = json.loads(self.rfile.readline())
        try:
            answer = [str(extensions.compiled(name, "universal", text, tuple(flags))), None]
        except Exception as error:
            answer = [None, str(error)]
        self.wfile.write(json.dumps(answer).encode() + b"\n")


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


if __name__ == "__main__":
    if os.path.exists(sys.argv[1]):
        os.unlink(sys.argv[1])
    with Server(sys.argv[1], Request) as server:
        print("listening", flush=True)
        server.serve_forever()
