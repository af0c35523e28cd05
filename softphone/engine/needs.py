"""What a command needs before it is done: control of the desk, and a platform that is able."""

from __future__ import annotations

from softphone.adapters.base import Adapter
from softphone.model import command as c
from softphone.model.capability import Capability
from softphone.model.error import Unsupported

READING = (
    *(c.Ask, c.ListHistory, c.ShowRecord, c.SearchContacts, c.TakeOver),
    *(c.ShowReport, c.ShowQuality, c.ListRecordings, c.ListReminders, c.ListCodes),
    *(c.FindDuplicates, c.FindQuick, c.ListBlocked, c.ShowShift),
    *(c.ListConversations, c.ListMessages, c.ShowStatistics, c.ShowSubscriptions),
    *(c.ListObserved, c.FindObserved, c.FetchSummary, c.ListJobs, c.ListMachines),
    *(c.OpenFrame, c.UpdateFrame, c.ReadFrame, c.ReadCourse, c.CloseFrame),
    *(c.FetchTurn, c.ListResources),
)
"""Commands that only look: a console that has no control may give them too."""

_NEEDS: dict[type, Capability] = {
    c.Decline: Capability.DECLINE,
    c.Ignore: Capability.IGNORE,
    c.Forward: Capability.FORWARD,
    c.HangUp: Capability.HANG_UP,
    c.Transfer: Capability.BLIND_TRANSFER,
    c.TransferTo: Capability.ATTENDED_TRANSFER,
    c.Join: Capability.JOIN,
    c.SetParameters: Capability.PARAMETERS,
    c.SendTones: Capability.TONES,
    c.SendRinging: Capability.REPORTS,
    c.RestartMedia: Capability.RESTART_MEDIA,
    c.Resync: Capability.RESTART_MEDIA,
    c.ShowStatistics: Capability.REPORTS,
    c.SetPresence: Capability.OWN_PRESENCE,
    c.WatchPresence: Capability.WATCH_PRESENCE,
    c.FetchPresence: Capability.WATCH_PRESENCE,
    **dict.fromkeys(
        (
            *(c.SetAgentStatus, c.PlaceAgentCall, c.HangUpAgentCall, c.DisposeCall),
            *(c.ListReasons, c.ListDispositions),
        ),
        Capability.AGENT_COMMANDS,
    ),
    c.SearchDirectory: Capability.DIRECTORY,
    c.RefreshContacts: Capability.ADDRESS_BOOK,
    c.FetchContact: Capability.ADDRESS_BOOK,
    c.KeepContact: Capability.ADDRESS_BOOK,
    c.DropContact: Capability.ADDRESS_BOOK,
    c.FetchHistory: Capability.PLATFORM_HISTORY,
    c.DeleteFromHistory: Capability.PLATFORM_HISTORY,
    c.FetchVoicemail: Capability.VOICEMAIL,
    c.SubscribeEvent: Capability.SIP_EVENTS,
    c.UnsubscribeEvent: Capability.SIP_EVENTS,
    c.ChangeServices: Capability.SERVICES,
    c.ShowSubscriptions: Capability.SERVICES,
    c.ResetConnection: Capability.SERVICES,
    c.SetLine: Capability.SERVICES,
    c.TakeNotification: Capability.SERVICES,
    c.ClickToCall: Capability.CLICK_TO_CALL,
    c.RawRequest: Capability.RAW_REQUESTS,
    **dict.fromkeys(
        (
            *(c.ListObserved, c.FindObserved, c.FetchSummary),
            *(c.OpenFrame, c.UpdateFrame, c.ReadFrame, c.ReadCourse, c.CloseFrame),
            *(c.FetchTurn, c.ListResources),
        ),
        Capability.MONITORING,
    ),
    **dict.fromkeys(
        (c.ListJobs, c.StartJob, c.CancelJob, c.CleanJobs, c.ListMachines), Capability.JOBS
    ),
}


def check_able(adapter: Adapter, command: object) -> None:
    """Raise Unsupported, with the reason, when the platform cannot do what is asked."""
    capability = _NEEDS.get(type(command))
    if capability is not None:
        check_allowed(adapter, capability)


def check_allowed(adapter: Adapter, capability: Capability) -> None:
    """Raise Unsupported, with the reason, when the platform lacks this."""
    reason = adapter.capabilities().why_not(capability)
    if reason is not None:
        raise Unsupported(reason)


def check_traffic(adapter: Adapter, command: c.Dial | c.Answer) -> None:
    """Refuse bandwidth and marking of one call where the platform's sound has neither."""
    asked = command.audio_kbps > 0 or command.dscp >= 0
    if asked and not adapter.capabilities().allows(Capability.RESTART_MEDIA):
        raise Unsupported("The sound of this account has no bandwidth or marking to choose.")
