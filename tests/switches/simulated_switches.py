"""Simulated switches over real SSH: many in one process, each on a port of its own, with faults.

    python tests/switches/simulated_switches.py ios 200 --known-hosts FILE

prints `ready PORT PORT …` and serves until its standard input ends. A line on standard input such as
`3 hang after 12` gives the switch with that number a fault: `hang`, `reset`, `slow`, `cut`, each after so
many commands of a session; `deaf` takes commands and no new login; after a hang or reset it stays as it is, a cut only ends the connection; `3 none` takes it away. `log 3` prints what it was told, as JSON.
"""

import argparse
import asyncio
import json
import sys

import asyncssh
from flash import CUT, RESTART


class Switch:
    """A device, its fault and its server."""

    def __init__(self, device, cli):
        self.device = device
        self.cli = cli
        self.fault, self.after = "none", 0


class Server(asyncssh.SSHServer):
    def __init__(self, switch):
        self.switch = switch

    def connection_made(self, connection):
        if getattr(self.switch.device, "flash", None) and self.switch.device.flash.closed:
            connection.abort()

    async def begin_auth(self, username):
        if self.switch.fault == "deaf":
            await asyncio.sleep(3600)
        return True

    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        return self.switch.device.users.lets_in(username, password)


async def serve(switch, process):
    """Speak as a terminal does: echo what is typed, answer, prompt."""
    session = switch.cli(switch.device)
    out, count, buffer = process.stdout, 0, ""
    out.write(f"{session.greeting}\n{session.prompt}".replace("\n", "\r\n"))
    try:
        while data := await process.stdin.read(65536):
            buffer += data
            while "\n" in buffer or "\r" in buffer:
                at = min(i for i in (buffer.find("\n"), buffer.find("\r")) if i >= 0)
                line, buffer = buffer[:at], buffer[at + 1 :]
                count += 1
                if switch.fault not in {"none", "deaf"} and count > switch.after:
                    if switch.fault in {"hang", "reset"}:
                        switch.after = 0  # nor does it come back by itself
                    if switch.fault == "hang":
                        await asyncio.sleep(3600)
                    if switch.fault in {"reset", "cut"}:
                        process.channel.get_connection().abort()
                        return
                    await asyncio.sleep(0.2)
                answer = session.answer(line)
                if answer in {RESTART, CUT}:
                    if answer is RESTART and switch.device.flash.mute:
                        await asyncio.sleep(3600)
                    process.channel.get_connection().abort()
                    return
                if answer is None:
                    process.exit(0)
                    return
                # Behind a question stands the cursor, and no new line.
                whole = not answer or answer.endswith("\n") or not session.prompt
                text = f"{line}\n{answer}" + ("" if whole else "\n")
                out.write(f"{text}{session.prompt}".replace("\n", "\r\n"))
    except (asyncssh.Error, ConnectionError, BrokenPipeError):
        return


async def start(switches, key):
    """Open a port each; return the servers."""
    return [
        await asyncssh.create_server(
            lambda switch=switch: Server(switch),
            "127.0.0.1",
            0,
            server_host_keys=[key],
            line_editor=False,
            process_factory=lambda process, switch=switch: serve(switch, process),
            login_timeout=60,
            encoding="utf-8",
        )
        for switch in switches
    ]


def make(kind, count):
    """Build the devices; a vendor's simulator is a module of that name beside this one."""
    module = __import__(kind)
    return [Switch(module.Device(f"{kind.upper()}{n:03}"), module.Cli) for n in range(count)]


async def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("kind")
    options.add_argument("count", type=int)
    options.add_argument("--known-hosts", required=True)
    given = options.parse_args()
    key = asyncssh.generate_private_key("ssh-ed25519")
    switches = make(given.kind, given.count)
    servers = await start(switches, key)
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    public = key.export_public_key().decode().split()
    with open(given.known_hosts, "w", encoding="ascii") as file:  # noqa: ASYNC230, PTH123 - before anybody is served
        file.writelines(f"[127.0.0.1]:{port} {public[0]} {public[1]}\n" for port in ports)
    print("ready", *ports, flush=True)  # noqa: T201 - the protocol of this program
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := (await reader.readline()).decode().split():
        if line[0] == "log":
            print(json.dumps(switches[int(line[1])].device.log), flush=True)  # noqa: T201 - as above
        elif line[0] == "forward":  # a switch's clock, by so many minutes
            switches[int(line[1])].device.forward(int(line[2]))
            print("ok", flush=True)  # noqa: T201 - as above
        elif line[0] == "users":
            users = switches[int(line[1])].device.users
            print(json.dumps([users.by_name, users.failed]), flush=True)  # noqa: T201 - as above
        elif line[0] == "flash":  # what it keeps, or a way in which it keeps more than it says
            switches[int(line[1])].device.flash.tell(line[2:])
            print("ok", flush=True)  # noqa: T201 - as above
        elif line[0] == "kept":
            device = switches[int(line[1])].device
            kept = [sorted([*device.flash.files, *device.flash.binned]), device.flash.keys]
            print(json.dumps([*kept, bool(device.saved), device.flash.restarted]), flush=True)  # noqa: T201 - as above
        elif line[0] == "mangle":  # it will keep another password than the one it is told
            switches[int(line[1])].device.users.mangles = True
            print("ok", flush=True)  # noqa: T201 - as above
        elif line[0] == "running":
            print(json.dumps(switches[int(line[1])].device.running()), flush=True)  # noqa: T201 - as above
        else:
            switches[int(line[0])].fault = line[1]
            switches[int(line[0])].after = int(line[3]) if len(line) > 3 else 0
            print("ok", flush=True)  # noqa: T201 - as above


if __name__ == "__main__":
    asyncio.run(main())
