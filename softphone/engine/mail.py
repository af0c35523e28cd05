"""Written messages: the outbox, conversations, and what is read.

A message is on disk before it is sent. While the line is down it waits in the outbox and goes in
order when the line is back; a request without an answer is made again after a while. What the
platform refuses is marked as failed, with the reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from softphone.adapters.base import Adapter, Addressing
from softphone.model import command as c
from softphone.model import event as e
from softphone.model.call import AccountName, Direction
from softphone.model.capability import Capability
from softphone.model.error import (
    ConnectError,
    Refused,
    RequestError,
    SoftphoneError,
    StoreError,
    Unsupported,
)
from softphone.model.event import Level
from softphone.model.message import Channel, Delivery, Message, MessageId
from softphone.model.text import TEXT_LIMIT, clean, clean_block

if TYPE_CHECKING:
    from .engine import Engine

_PEER_LIMIT = 256
_NEEDS = {Channel.IM: Capability.INSTANT_MESSAGES, Channel.SMS: Capability.SMS}
AGAIN_S = (5.0, 15.0, 60.0, 300.0)
"""How long a message whose request got no answer waits for its next tries; the last is repeated."""
_NOT_NOW = frozenset({"NOT_ONLINE", "OFFLINE"})

MailCommand = (
    c.SendMessage
    | c.ListConversations
    | c.ListMessages
    | c.MarkRead
    | c.ClearConversation
    | c.ForwardMessage
    | c.RetryMessage
)


class Mail:
    """All messages of all accounts, on the engine's loop."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.again_s: Sequence[float] = AGAIN_S
        self._sending: dict[AccountName, asyncio.Lock] = {}
        self._tries: dict[AccountName, int] = {}
        self._timers: dict[AccountName, asyncio.TimerHandle] = {}

    async def run(self, command: MailCommand) -> c.Value | None:
        """Do what a client asks; raises SoftphoneError with the reason why not."""
        store = self._engine.store
        match command:
            case c.SendMessage():
                return await self._write(command)
            case c.ListConversations(account):
                return c.ConversationPage(await store.conversations(account))
            case c.ListMessages(account, peer):
                return await store.messages(replace(command, peer=self._whole(account, peer)))
            case c.MarkRead(account, peer):
                await self._mark_read(replace(command, peer=self._whole(account, peer)))
            case c.ClearConversation(account, peer, channel):
                peer = self._whole(account, peer)
                count = await store.clear_conversation(account, peer, channel)
                self._engine.hub.publish(e.ConversationCleared(account, peer, channel))
                await self.count_unread()
                return c.Done(count)
            case c.ForwardMessage(ident, to):
                known = await self._known(ident)
                forwarded = c.SendMessage(known.account, to, known.text, known.channel.value)
                return await self._write(forwarded)
            case c.RetryMessage(ident):
                known = await self._known(ident)
                self._adapter(known.account)
                if known.delivery is not Delivery.FAILED:
                    raise Refused("Only a message that failed can be sent again.")
                await self._change(replace(known, delivery=Delivery.QUEUED, problem=""))
                self._engine.job(self.deliver_waiting(known.account))
        return None

    def received(self, message: Message) -> None:
        """Take a message the platform brought, or news of one that was sent."""
        self._engine.job(self._keep_received(message))

    async def deliver_waiting(self, account: AccountName) -> None:
        """Send what waits in an account's outbox, in order, until the line fails; then again."""
        lock = self._sending.setdefault(account, asyncio.Lock())
        async with lock:
            if timer := self._timers.pop(account, None):
                timer.cancel()
            try:
                waiting = await self._engine.store.outbox(account)
            except StoreError:
                return
            for message in waiting:
                if not await self._deliver(message):
                    self._again_later(account)
                    return
            self._tries.pop(account, None)

    async def count_unread(self) -> None:
        """Tell how many messages nobody has read."""
        with suppress(StoreError):
            self._engine.hub.publish(e.UnreadChanged(await self._engine.store.unread()))

    # ---- private -------------------------------------------------------------------------------

    async def _write(self, command: c.SendMessage) -> c.Value:
        engine = self._engine
        adapter = self._adapter(command.account)
        channel = _channel(command.channel)
        reason = adapter.capabilities().why_not(_NEEDS[channel])
        if reason is not None:
            raise Unsupported(reason)
        peer = clean(self._whole(command.account, command.peer.strip()), _PEER_LIMIT)
        text = clean_block(command.text.strip())
        if not peer or not text:
            raise Refused("A message needs somebody to go to, and a text.")
        if len(command.text) > TEXT_LIMIT:
            raise Refused(f"A message can have at most {TEXT_LIMIT} characters.")
        message = Message(
            MessageId(engine.new_call_id()),
            command.account,
            peer,
            channel,
            Direction.OUTBOUND,
            text,
            engine.wall(),
            Delivery.QUEUED,
            read=True,
        )
        await self._change(message)
        engine.job(self.deliver_waiting(command.account))
        return c.MessageTaken(message.id)

    def _again_later(self, account: AccountName) -> None:
        """Try once more after a while, each time a longer one; a line that comes back is sooner."""
        tries = self._tries.get(account, 0)
        self._tries[account] = tries + 1
        delay_s = self.again_s[min(tries, len(self.again_s) - 1)]

        def again() -> None:
            self._timers.pop(account, None)
            if not self._engine.stopped.is_set():
                self._engine.job(self.deliver_waiting(account))

        loop = asyncio.get_running_loop()
        self._timers[account] = loop.call_later(delay_s, again)

    async def _deliver(self, message: Message) -> bool:
        """Send one message; False when the line is down and the rest must wait too."""
        adapter = self._engine.adapters[message.account]
        command = c.SendMessage(message.account, message.peer, message.text, message.channel.value)
        try:
            value = await adapter.submit(command)
        except (ConnectError, RequestError) as problem:
            if getattr(problem, "status", None) is None:
                return False
            await self._failed(message, problem)
        except SoftphoneError as problem:
            if problem.code in _NOT_NOW:
                return False
            await self._failed(message, problem)
        else:
            native = value.message if isinstance(value, c.MessageTaken) else ""
            await self._change(replace(message, delivery=Delivery.SENT, native_id=native))
        return True

    async def _failed(self, message: Message, problem: SoftphoneError) -> None:
        await self._change(replace(message, delivery=Delivery.FAILED, problem=problem.message))
        text = f"message to {message.peer} was not sent: {problem.message}"
        self._engine.note(message.account, Level.ERROR, text)

    async def _change(self, message: Message) -> None:
        await self._engine.store.save_message(message)
        self._engine.hub.publish(e.MessageChanged(message))

    async def _keep_received(self, message: Message) -> None:
        try:
            fresh = await self._engine.store.save_message(message)
        except StoreError:
            fresh = True  # a broken disk keeps no message from the screen
        if not fresh:
            return
        self._engine.hub.publish(e.MessageChanged(message))
        if message.direction is Direction.INBOUND and not message.read:
            who = message.name or message.peer
            self._engine.note(message.account, Level.INFO, f"message from {who}")
            await self.count_unread()

    async def _mark_read(self, command: c.MarkRead) -> None:
        changed = await self._engine.store.mark_read(command)
        for message in changed:
            self._engine.hub.publish(e.MessageChanged(message))
        await self.count_unread()

    def _whole(self, account: AccountName, peer: str) -> str:
        """Return the address a platform knows somebody by: one person is one conversation."""
        adapter = self._engine.adapters.get(account)
        return adapter.address_of(peer) if peer and isinstance(adapter, Addressing) else peer

    def _adapter(self, account: AccountName) -> Adapter:
        adapter = self._engine.adapters.get(account)
        if adapter is None:
            raise Refused(f"There is no account {clean(account, 32)!r}.")
        return adapter

    async def _known(self, ident: MessageId) -> Message:
        found = await self._engine.store.message(ident)
        if found is None:
            raise Refused("There is no such message.")
        return found


def _channel(name: str) -> Channel:
    try:
        channel = Channel(name)
    except ValueError:
        channel = Channel.TEXT
    if channel not in _NEEDS:
        raise Refused(f"Messages are written over {' or '.join(known.value for known in _NEEDS)}.")
    return channel
