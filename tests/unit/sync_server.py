"""A web server for `sojourn trust sync`, good or hostile by the first part of the path.

usage: sync_server.py FOLDER CERTIFICATE KEY: prints the ports of http and https.
/good/... serves FOLDER; others do it badly.
"""
import http.server
import os
import ssl
import sys
import threading
import time

FOLDER, CERTIFICATE, KEY = sys.argv[1:4]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        with open(os.path.join(FOLDER, "log"), "a") as log:
            log.write(self.path + "\n")

    def head(self, status, *fields):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.end_headers()

    def whole(self, body):
        self.head(200, ("Content-Length", str(len(body))))
        self.wfile.write(body)

    def endless(self, piece, pause):
        self.close_connection = True
        self.head(200, ("Connection", "close"))
        try:
            while True:
                self.wfile.write(piece)
                self.wfile.flush()
                time.sleep(pause)
        except OSError:
            pass

    def do_GET(self):
        how, _, path = self.path[1:].partition("/")
        latest = path == "latest"
        try:
            with open(os.path.join(FOLDER, path), "rb") as f:
                body = f.read()
        except OSError:
            body = None
        if how == "endless" or (how == "endless-file" and not latest):
            self.endless(b"x" * 65536, 0)
        elif how == "slow":
            self.endless(b"x", 0.2)
        elif how == "mute":
            time.sleep(20)
            self.close_connection = True
        elif how == "loop":
            self.head(302, ("Location", "/loop/" + path), ("Content-Length", "0"))
        elif how == "elsewhere":
            self.head(302, ("Location", "/good/" + path), ("Content-Length", "0"))
        elif how == "file":
            self.head(302, ("Location", "file://" + os.path.join(FOLDER, path)), ("Content-Length", "0"))
        elif how == "downgrade":
            self.head(302, ("Location", f"http://localhost:{ports[0]}/good/{path}"), ("Content-Length", "0"))
        elif body is None or how == "nothing":
            self.head(404, ("Content-Length", "0"))
        elif how == "truncated" or (how == "truncated-file" and not latest):
            self.close_connection = True
            self.head(200, ("Content-Length", str(len(body))))
            self.wfile.write(body[:len(body) // 2])
        elif how == "wrong" or (how == "wrong-file" and not latest):
            self.whole(body[:-1] + bytes([body[-1] ^ 1]))
        else:
            self.whole(body)


def serve(context):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(CERTIFICATE, KEY)
ports = [serve(None)]
ports.append(serve(tls))
print(*ports, flush=True)
sys.stdin.read()
