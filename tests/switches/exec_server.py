"""A small SSH server that runs programs: what sshd does, without installing one that listens on this machine.

    exec_server.py ADDRESS PORT HOSTKEY AUTHORIZED [SHELL …]

With a SHELL, a session with a terminal runs it in one (a vendor's command line as login shell).
"""

import asyncio
import os
import sys

import asyncssh


class Server(asyncssh.SSHServer):
    def begin_auth(self, username):
        return True


async def serve(process, shell):
    command = ["bash", "-c", process.command] if process.command else shell
    if process.get_terminal_type() is None:
        child = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await process.redirect(stdin=child.stdin, stdout=child.stdout, stderr=child.stderr)
        process.exit(await child.wait())
        return
    master, slave = os.openpty()
    child = await asyncio.create_subprocess_exec(*command, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    await process.redirect(stdin=os.dup(master), stdout=master)
    process.exit(await child.wait())


async def main():
    address, port, key, authorized, *shell = sys.argv[1:]
    await asyncssh.create_server(
        Server, address, int(port), server_host_keys=[key], authorized_client_keys=authorized,
        process_factory=lambda process: serve(process, shell), encoding=None, line_editor=False,
    )  # fmt: skip
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
