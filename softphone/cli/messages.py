"""`softphone messages`: conversations, writing, forwarding, clearing."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .options import parse, parser, print_json, with_json

if TYPE_CHECKING:
    from softphone.model.call import AccountName
    from softphone.model.capability import Capability
    from softphone.model.message import Channel, Conversation, Message

    from .session import Session

_SENT_LIMIT_S = 15.0


def run(name: str, arguments: Sequence[str]) -> int:
    """List conversations, show one, or write."""
    made = with_json(
        parser(
            name,
            "List conversations; with PEER show one, with --send write to it.",
            "softphone messages",
            'softphone messages bob@example.com --send "back in five minutes"',
        )
    )
    made.add_argument("peer", nargs="?", default="", metavar="PEER")
    made.add_argument("--account", default="", help="only this account")
    made.add_argument("--channel", choices=("im", "sms"), default="im", help="default: im")
    made.add_argument("--send", default="", metavar="TEXT", help="write this")
    made.add_argument("--forward", default="", metavar="ID", help="send this message on to PEER")
    made.add_argument("--retry", default="", metavar="ID", help="send a failed message again")
    made.add_argument("--read", action="store_true", help="take the conversation as read")
    made.add_argument("--clear", action="store_true", help="delete the conversation here")
    made.add_argument("--limit", type=int, default=50, metavar="N", help="at most N (default 50)")
    return asyncio.run(_messages(parse(made, arguments)))


async def _messages(options: Namespace) -> int:
    from softphone.model.error import Refused

    from .session import attached

    writes = options.send or options.forward or options.read or options.clear
    if writes and not options.peer:
        raise Refused("To whom? Give an address.")
    async with attached(options, "messages", start=True) as session:
        if options.retry:
            await _retry(session, options)
        elif options.send or options.forward:
            return await _send(session, options)
        elif not options.peer:
            await _list(session, options)
        else:
            await _one(session, options)
    return 0


async def _send(session: Session, options: Namespace) -> int:
    """Write a message and wait until it is sent, refused, or clearly waits for the line."""
    from softphone.model import command as c
    from softphone.model.event import MessageChanged
    from softphone.model.message import Delivery, MessageId

    command: c.Command = c.ForwardMessage(MessageId(options.forward), options.peer)
    if options.send:
        account = session.account(options.account, _capability(options.channel))
        command = c.SendMessage(account, options.peer, options.send, options.channel)
    taken = await session.ask(command)
    assert isinstance(taken, c.MessageTaken)
    try:
        async with asyncio.timeout(_SENT_LIMIT_S):
            async for event in session.link.events():
                if not isinstance(event, MessageChanged) or event.message.id != taken.message:
                    continue
                if event.message.delivery is not Delivery.QUEUED:
                    _print(event.message, as_json=options.json)
                    return 0 if event.message.delivery is Delivery.SENT else 1
    except TimeoutError:
        pass
    if options.json:
        print_json({"type": "message", "id": taken.message, "delivery": "queued"})
    else:
        print("The message waits in the outbox until the account is online.")
    return 0


async def _retry(session: Session, options: Namespace) -> None:
    from softphone.model.command import RetryMessage
    from softphone.model.message import MessageId

    await session.ask(RetryMessage(MessageId(options.retry)))


async def _list(session: Session, options: Namespace) -> None:
    from softphone.model.call import AccountName
    from softphone.model.command import ConversationPage, ListConversations

    page = await session.ask(ListConversations(AccountName(options.account)))
    assert isinstance(page, ConversationPage)
    for conversation in page.conversations:
        _print_conversation(conversation, as_json=options.json)


async def _one(session: Session, options: Namespace) -> None:
    from softphone.model import command as c

    account, channel = await _talk(session, options)
    if options.clear:
        await session.ask(c.ClearConversation(account, options.peer, channel))
        return
    if options.read:
        await session.ask(c.MarkRead(account, options.peer, channel))
        return
    wanted = c.ListMessages(account, options.peer, channel, limit=options.limit)
    page = await session.ask(wanted)
    assert isinstance(page, c.MessagePage)
    for message in reversed(page.messages):
        _print(message, as_json=options.json)


async def _talk(session: Session, options: Namespace) -> tuple[AccountName, Channel]:
    """Return account and channel of the conversation meant: the last one with this peer."""
    from softphone.model.call import AccountName
    from softphone.model.command import ConversationPage, ListConversations
    from softphone.model.error import Refused
    from softphone.model.message import Channel

    page = await session.ask(ListConversations(AccountName(options.account)))
    assert isinstance(page, ConversationPage)
    for known in page.conversations:
        if known.peer == options.peer and known.channel is Channel(options.channel):
            return known.account, known.channel
    raise Refused(f"There is no conversation with {options.peer!r}.")


def _capability(channel: str) -> Capability:
    from softphone.model.capability import Capability

    return Capability.SMS if channel == "sms" else Capability.INSTANT_MESSAGES


def _print_conversation(conversation: Conversation, *, as_json: bool) -> None:
    from .show import message_data, moment

    last = conversation.last
    if as_json:
        print_json(
            {
                "type": "conversation",
                "account": conversation.account,
                "peer": conversation.peer,
                "channel": conversation.channel.value,
                "unread": conversation.unread,
                "last": message_data(last),
            }
        )
        return
    unread = f" ({conversation.unread} new)" if conversation.unread else ""
    text = last.text.splitlines()[0] if last.text else ""
    print(f"{moment(last.at)}  {conversation.account:<10} {conversation.peer}{unread}  {text}")


def _print(message: Message, *, as_json: bool) -> None:
    from .show import message_data, moment

    if as_json:
        print_json({"type": "message", **message_data(message)})
        return
    arrow = "<-" if message.direction == "inbound" else "->"
    state = message.problem or ("" if message.delivery == "received" else message.delivery.value)
    print(f"{moment(message.at)}  {message.id}  {arrow} {message.text}  {state}".rstrip())
