"""A room sends everybody the sender's own id along, so no two people may use the same one."""

import asyncio

from commsroom.backends.prosody.proof import xmpp


def test_two_people_never_say_something_under_the_same_id(monkeypatch):
    ids = []

    async def asked(_self, key, message):
        ids.append((key, message.get("id")))

    monkeypatch.setattr(xmpp.Visitor, "_ask", asked)
    monkeypatch.setattr(xmpp.Visitor, "_jid", lambda _self, room: f"{room}@rooms.a.test")

    async def both():
        for _ in range(2):
            await object.__new__(xmpp.Visitor).say("sales", "hello")

    asyncio.run(both())
    assert ids[0] != ids[1]
    assert all(key == sent for key, sent in ids)
