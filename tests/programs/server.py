#!/usr/bin/python3
"""A web server that asks for a client certificate and says whose it was.

usage: server.py PORT CERTIFICATE-AND-KEY CA-OF-CLIENTS
"""
import contextlib
import http.server
import ssl
import sys


def name(connection):
    subject = {k: v for rdn in connection.getpeercert()["subject"] for k, v in rdn}
    return subject["commonName"]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"in: {name(self.connection)}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    def __init__(self, port, chain, clients):
        super().__init__(("127.0.0.1", port), Handler)
        self.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=clients)
        self.tls.load_cert_chain(chain)
        self.tls.verify_mode = ssl.CERT_REQUIRED

    def finish_request(self, request, client_address):
        with self.tls.wrap_socket(request, server_side=True) as tls:
            print(f"came: {name(tls)} by {tls.version()}", flush=True)
            super().finish_request(tls, client_address)
            tls.setblocking(False)  # says close_notify, and does not wait for the other's
            with contextlib.suppress(OSError):
                tls.unwrap()


Server(int(sys.argv[1]), sys.argv[2], sys.argv[3]).serve_forever()
