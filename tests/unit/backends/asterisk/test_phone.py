"""A telephone switched off leaves nothing open, whatever a call was in the middle of."""

import asyncio
from itertools import repeat

import pytest

from commsroom.backends.asterisk.proof import sip_message
from commsroom.backends.asterisk.proof.line import Undecided
from commsroom.backends.asterisk.proof.sip_line import RealExchange

REQUEST = (
    "{method} sip:2100@127.0.0.1 SIP/2.0\r\n"
    "Via: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
    "From: <sip:2101@pbx>;tag=a\r\nTo: <sip:2100@pbx>\r\nCall-ID: one\r\nCSeq: 1 {method}\r\n"
    "Contact: <sip:2101@127.0.0.1>\r\nContent-Length: 0\r\n\r\n"
)


class Switchboard(asyncio.DatagramProtocol):
    """The other side on loopback: answers anything with silence, sends what a test wants."""

    def connection_made(self, transport):
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data, addr):
        pass


async def switched_on(use):
    loop = asyncio.get_running_loop()
    transport, board = await loop.create_datagram_endpoint(Switchboard, local_addr=("127.0.0.1", 0))

    async def clock():
        return "mon", "12:00"

    exchange = RealExchange("127.0.0.1", "pbx", None, {"udp": board.port}, clock, repeat(440))
    try:
        async with exchange.phone("2100", "x", "udp") as phone:
            return await use(phone, transport)
    finally:
        transport.close()


async def rung(phone, transport):
    invite = sip_message.parse(REQUEST.format(method="INVITE").encode())
    transport.sendto(invite.encode(), phone.wire.local)
    return await phone.rings(5, "2101")


def test_a_telephone_switched_off_in_the_middle_of_a_call_closes_its_sound():
    async def talk(phone, transport):
        return await (await rung(phone, transport)).answer()

    async def run():
        call = await switched_on(talk)
        assert call._dialog.over.is_set()
        assert call._dialog.media._transport.is_closing()

    asyncio.run(run())


def test_a_call_given_up_while_it_is_answered_leaves_no_socket():
    async def give_up(phone, transport):
        ringing = await rung(phone, transport)
        answering = asyncio.ensure_future(ringing.answer())
        await asyncio.sleep(0)  # the socket is being opened
        ringing.dialog.asked(sip_message.parse(REQUEST.format(method="BYE").encode()))
        with pytest.raises(Undecided, match="gave up"):
            await answering
        return ringing

    async def run():
        ringing = await switched_on(give_up)
        assert ringing.dialog.media._transport is None

    asyncio.run(run())
