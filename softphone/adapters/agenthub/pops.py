"""Screen pops: customer data that comes with a call or a conversation (10.3, 10.4). Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from softphone.model.call import AccountName
from softphone.model.message import ScreenPop

from .wire import OlosEvent
from .wire import names as n
from .wire_events import block, fields_of, items, text, texts, truth

KINDS = {
    "ScreenPopVoice": "voice",
    "ThirdPartyScreenPop": "third party",
    "ScreenPopText": "text",
    "AsyncMessageScreenPop": "message",
    "ScreenPopPossibleCustomers": "possible customers",
}
OF_CALLS = ("ScreenPopVoice", "ThirdPartyScreenPop", "ScreenPopPossibleCustomers")
_IDS = ("callId", "thirdPartyCallId", "dialogId", "conversationId")
_FLAGS = {
    "previewCall": "preview",
    "automaticPreviewCall": "automatic preview",
    "priorityCampaign": "priority",
    "readOnly": "read-only",
}
_SHOWN_APART = (
    *_IDS,
    *_FLAGS,
    *("phoneNumber", "phoneNumberList", "campaignData", "extraData", "conversation"),
    *("customers", "content", "formatedContent", n.FIELD_CAMPAIGN),
)


def read(
    event: OlosEvent, account: AccountName, campaign_name: Callable[[str], str], wall: float
) -> ScreenPop:
    """Return the pop in an event; one for each call, so that a later one takes its place."""
    data = event.data
    native = text(data, *_IDS)
    campaign = text(data, n.FIELD_CAMPAIGN) or event.campaign
    named = campaign_name(campaign)
    code = text(data, "campaignCode")
    flags = [words for key, words in _FLAGS.items() if truth(data, key)]
    if event.channel:
        flags.append(event.channel.lower())
    return ScreenPop(
        id=f"{account}:{KINDS[event.type]}:{native or event.id or wall}",
        account=account,
        at=wall,
        kind=KINDS[event.type],
        number=text(data, "phoneNumber"),
        customer=text(data, "customerId", "userNickName", "from"),
        campaign=named if named != campaign or not code else code,
        flags=tuple(flags),
        fields=fields_of(data, _SHOWN_APART),
        body=_body(data),
        native_id=native,
        numbers=texts(data, "phoneNumberList"),
        customers=tuple(_customer(one) for one in items(data, "customers")[:100]),
    )


def conversation(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what was written before the agent came, in order."""
    written = data.get("conversation")
    return items(written, "conv") if isinstance(written, Mapping) else []


def summary(data: Mapping[str, Any]) -> str:
    """Return an event's fields in one short line."""
    return ", ".join(f"{key} {value}" for key, value in fields_of(data)[:6])[:400]


def _customer(data: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return fields_of(data, ("campaignData",)) + _campaign_data(data)


def _campaign_data(data: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    said = block(data, "campaignData")
    return (("campaignData", said),) if said else ()


def _body(data: Mapping[str, Any]) -> str:
    """Return what is to be read: customer data, or the conversation line by line."""
    said = [f"{text(one, 'sender') or '-'}: {block(one, 'text')}" for one in conversation(data)]
    parts = [
        block(data, "campaignData"),
        text(data, "subject"),
        block(data, "content", "formatedContent"),
        *said[-50:],
        block(data, "extraData"),
    ]
    return "\n".join(part for part in parts if part)[:16_384]
