"""Stands in for a peer's program, under its name: takes hooks where its configuration says, with the proof it says."""

import json
import os
import sys
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def given(option):
    return sys.argv[sys.argv.index(option) + 1]


def hookspool():
    spool = Path(given("--home"), "spool.db")
    if sys.argv[-1] == "migrate":
        spool.touch()
        sys.exit()
    if not spool.exists():
        sys.exit("no spool")
    settings = tomllib.loads(Path(given("--config")).read_text())
    ((source, how),) = settings["sources"].items()
    proof = how["prefix"] + os.environ[how["secrets"]["secret"]["env"]]
    return settings["intake"]["listen"].rpartition(":")[2], f"/hooks/{source}", proof


def node_red():
    if "httpAdminRoot: false" not in Path(given("--settings")).read_text():
        sys.exit("an editor")
    flows = json.loads(Path(sys.argv[-1]).read_text())
    return given("--port"), next(node["url"] for node in flows if node["type"] == "http in"), None


def webhook():
    (hook,) = json.loads(Path(given("-hooks")).read_text())
    return given("-port"), f"/{given('-urlprefix')}/{hook['id']}", hook["trigger-rule"]["match"]["value"]


port, path, proof = {"hookspool": hookspool, "node-red": node_red, "webhook": webhook}[Path(sys.argv[0]).name]()


class Hooks(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        self.answer(200)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(404 if self.path != path else 401 if proof not in (None, self.headers["Authorization"]) else 200)

    def log_message(self, *_arguments):
        pass


ThreadingHTTPServer(("127.0.0.1", int(port)), Hooks).serve_forever()
