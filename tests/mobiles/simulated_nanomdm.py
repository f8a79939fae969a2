"""A strict NanoMDM on loopback: it refuses what the real one refuses, and its mobiles what Apple's do.

After NanoMDM's API description and operations guide: HTTP basic authentication as `nanomdm`, a plist by PUT to
/v1/enqueue/ID, GET of /v1/push/ID; what devices answer goes to a webhook, here a file of JSON lines.
"""

import base64
import contextlib
import json
import plistlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "an-api-key"
COMPANY, OWN, AWAY = "00008030-001A", "b318edb7-2b55", "00008030-00FF"
#: What Apple lets a User Enrollment be told, of what we send at all.
PERSONAL = {"RemoveProfile", "ProfileList"}


class Simulator:
    """The server, its queue, and mobiles by enrolment: `personal` ones, and `offline` ones that answer later."""

    def __init__(self, receipts):
        self.receipts = receipts
        self.mobiles, self.offline, self.personal = set(), set(), set()
        self.queue, self.asked, self.profiles = {}, [], {"com.example.enrol"}
        self.down = self.nonsense = self.dies_after_queueing = False
        simulator = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self):
                simulator.serve(self)

            def do_GET(self):
                simulator.serve(self)

            def log_message(self, *_given):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def serve(self, request):
        length = int(request.headers.get("Content-Length", 0))
        body = request.rfile.read(length)
        self.asked.append((request.command, request.path))
        status, answer = self.answer(request.command, request.path, request.headers, body)
        if status is None:
            request.close_connection = True
            return
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        request.send_response(status)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def answer(self, method, path, headers, body):
        word = base64.b64encode(f"nanomdm:{KEY}".encode()).decode()
        if headers.get("Authorization") != f"Basic {word}":
            return 401, b"Unauthorized"
        if self.nonsense:
            return 200, b"<html>"
        _, version, verb, enrolment = path.split("/")
        assert version == "v1"
        match method, verb:
            case "PUT", "enqueue":
                return self.enqueue(enrolment, body)
            case "GET", "push":
                self.call(enrolment)
                return 200, {"status": {enrolment: {"push_result": "P-1"}}}
        return 405, b""

    def enqueue(self, enrolment, body):
        try:
            said = plistlib.loads(body)
            name, what = said["CommandUUID"], said["Command"]["RequestType"]
        except Exception:  # noqa: BLE001 - whatever is no command
            return 500, {"command_error": "decoding command: malformed"}
        answer = {"command_uuid": name, "request_type": what, "status": {}}
        if enrolment not in self.mobiles:
            answer["status"][enrolment] = {"command_error": "no such enrollment"}
            return 500, answer
        if name in self.queue:
            answer["status"][enrolment] = {"command_error": f"Duplicate entry '{name}'"}
            return 500, answer
        self.queue[name] = (enrolment, said["Command"])
        if self.dies_after_queueing:
            return None, b""
        answer["status"][enrolment] = {"push_result": "P-1"}
        self.call(enrolment)
        return 200, answer

    def call(self, enrolment):
        if enrolment in self.offline:
            return
        done = {one["acknowledge_event"]["command_uuid"] for one in self.events()}
        for name, (whose, said) in self.queue.items():
            if whose == enrolment and name not in done:
                self.tell(enrolment, name, *self.obey(enrolment, said))

    def obey(self, enrolment, said):
        what = said["RequestType"]
        if enrolment in self.personal and what not in PERSONAL:
            return "Error", "The request type is not valid for this enrollment"
        if what == "RemoveProfile" and said.get("Identifier") not in self.profiles:
            return "Error", "The profile is not installed"
        return "Acknowledged", ""

    def tell(self, enrolment, name, status, why=""):
        told = {"udid": enrolment, "command_uuid": name, "status": status}
        if why:
            payload = plistlib.dumps({"ErrorChain": [{"USEnglishDescription": why}]})
            told["raw_payload"] = base64.b64encode(payload).decode()
        event = {
            "topic": "mdm.Connect",
            "created_at": "2026-11-26T21:30:00Z",
            "acknowledge_event": told,
        }
        with self.receipts.open("a") as file:
            file.write(json.dumps(event) + "\n")

    def events(self):
        found = []
        if self.receipts.exists():
            for line in self.receipts.read_text().splitlines():
                with contextlib.suppress(ValueError):
                    found.append(json.loads(line))
        return found
