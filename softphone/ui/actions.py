"""The one registry of what an operator can do: id, title, help, keys, why not, command.

Footer, help screen, palette, key map, README table and `softphone do` are made from it. It
imports no textual. Ids are `noun.verb` and keep their meaning for ever: people have them in
their key files.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from softphone.model import command as c
from softphone.model.call import AccountName, CallId, CallState
from softphone.model.capability import Capability as Cap
from softphone.model.error import Refused
from softphone.model.presence import LinkState

from . import actions_conference as together
from . import actions_desk as desk
from . import situation as s
from .action import Action, Build, Scope, Values
from .actions_list import LIST_ACTIONS
from .situation import Situation, WhyNot

__all__ = ["ACTIONS", "Action", "Build", "Scope", "Values", "commands_of", "find"]


def find(action_id: str) -> Action | None:
    """Return an action by its id."""
    return _BY_ID.get(action_id)


def commands_of(action: Action, now: Situation, values: Values) -> list[c.Command]:
    """Return the commands of an action; raise Refused with the sentence why it cannot be."""
    if reason := action.why_not(now):
        raise Refused(reason)
    missing = [name for name in action.takes if not values.get(name)]
    if missing:
        raise Refused(f"{action.id} needs {missing[0]}=...")
    return action.build(now, values) if action.build else []


# ---- what the actions send ---------------------------------------------------------------------


def _on_offer(make: Callable[[CallId], c.Command]) -> Build:
    def build(now: Situation, _values: Values) -> list[c.Command]:
        return [make(now.offer.id)] if now.offer else []

    return build


def _on_call(make: Callable[[CallId], c.Command]) -> Build:
    def build(now: Situation, _values: Values) -> list[c.Command]:
        return [make(now.call.id)] if now.call else []

    return build


def _on_last_call(make: Callable[[CallId], c.Command]) -> Build:
    """Act on the call in focus; without one on the last that was up, which the engine knows."""

    def build(now: Situation, _values: Values) -> list[c.Command]:
        return [make(now.call.id if now.call else CallId(""))]

    return build


def _dispose(now: Situation, values: Values) -> list[c.Command]:
    return [c.Dispose(values["code"], now.call.id if now.call else CallId(""))]


def _remind(now: Situation, values: Values) -> list[c.Command]:
    return [c.Remind(values["when"], now.call.id if now.call else CallId(""))]


def _hold_or_resume(now: Situation, _values: Values) -> list[c.Command]:
    call = now.call
    if call is None:
        return []
    return [c.Resume(call.id) if call.state is CallState.HELD else c.Hold(call.id)]


def _swap(now: Situation, _values: Values) -> list[c.Command]:
    pair = [call for call in (now.call, now.other) if call is not None]
    held = [call for call in pair if call.state is CallState.HELD]
    return [c.Resume(held[-1].id)] if held else [c.Hold(pair[0].id)]


def _forward(now: Situation, values: Values) -> list[c.Command]:
    return [c.Forward(now.offer.id, values["to"])] if now.offer else []


def _transfer(now: Situation, values: Values) -> list[c.Command]:
    return [c.Transfer(now.call.id, values["to"])] if now.call else []


def _tones(now: Situation, values: Values) -> list[c.Command]:
    return [c.SendTones(now.call.id, values["digits"])] if now.call else []


def _dial(_now: Situation, values: Values) -> list[c.Command]:
    account, sender = values.get("account", ""), values.get("from", "")
    return [c.Dial(values["to"], AccountName(account), sender)]


def available(now: Situation) -> bool:
    """Tell whether calls are offered on any account."""
    return any(a.link is LinkState.ONLINE and a.availability.accepted for a in s.accounts(now))


def _toggle_status(now: Situation, _values: Values) -> list[c.Command]:
    able = s.accounts_that(now, Cap.AVAILABILITY)
    if available(now):
        return [c.SetAvailable(a.name, False) for a in able if a.link is LinkState.ONLINE]
    return [
        c.SetAvailable(a.name, True) if a.link is LinkState.ONLINE else c.GoOnline(a.name)
        for a in able
    ]


def _chosen(now: Situation, values: Values, *links: LinkState) -> list[AccountName]:
    if name := values.get("account"):
        return [AccountName(name)]
    return [a.name for a in s.accounts(now) if not links or a.link in links]


def _go_online(now: Situation, values: Values) -> list[c.Command]:
    return [c.GoOnline(name) for name in _chosen(now, values, LinkState.OFFLINE, LinkState.FAILED)]


def _go_offline(now: Situation, values: Values) -> list[c.Command]:
    return [c.GoOffline(name) for name in _chosen(now, values)]


def _retry(now: Situation, values: Values) -> list[c.Command]:
    lost = (LinkState.RECONNECTING, LinkState.FAILED)
    return [c.RetryNow(name) for name in _chosen(now, values, *lost)]


def _list_numbers(now: Situation, values: Values) -> list[c.Command]:
    return [c.ListNumbers(name) for name in _chosen(now, values, LinkState.ONLINE)]


def _play(now: Situation, values: Values) -> list[c.Command]:
    path = str(Path(values["file"]).expanduser().absolute())
    return [c.PlayFile(now.call.id, path)] if now.call else []


def _on_accounts(capability: Cap, make: Callable[[AccountName], c.Command]) -> Build:
    """Ask every account that is online and has the capability."""

    def build(now: Situation, _values: Values) -> list[c.Command]:
        able = s.accounts_that(now, capability)
        return [make(account.name) for account in able if account.link is LinkState.ONLINE]

    return build


def _send(command: c.Command) -> Build:
    return lambda _now, _values: [command]


# ---- the registry -------------------------------------------------------------------------------

_CALL = Scope.CALL
_OFFER = s.all_of(s.may_act, s.ringing)
_UP = s.all_of(s.may_act, s.in_call)
_TALK = s.all_of(s.may_act, s.talking)
_TWO = s.all_of(s.may_act, s.two_calls)


def _can(first: WhyNot, capability: Cap) -> WhyNot:
    return s.all_of(first, s.call_can(capability))


# fmt: off
ACTIONS: tuple[Action, ...] = (
    Action("call.answer", "Answer", "Answer the marked ringing call; a call that is up is held.",
           ("f2", "a"), _CALL, s.all_of(_OFFER, s.offer_can(Cap.ANSWER)),
           _on_offer(c.Answer), footer=1),
    Action("call.answer_ending", "End and answer", "Hang up the present call, then answer.",
           ("e",), _CALL, s.all_of(_OFFER, s.offer_can(Cap.ANSWER)),
           _on_offer(lambda call: c.Answer(call, end_others=True))),
    Action("call.decline", "Decline", "Refuse the marked ringing call; never ends another one.",
           ("f9", "d"), _CALL, s.all_of(_OFFER, s.offer_can(Cap.DECLINE)),
           _on_offer(c.Decline), footer=9),
    Action("call.ignore", "Ignore", "Stop ringing here; others may still answer.",
           ("i",), _CALL, s.all_of(_OFFER, s.offer_can(Cap.IGNORE)), _on_offer(c.Ignore)),
    Action("call.forward", "Forward", "Send the ringing call to another number.",
           ("f",), _CALL, s.all_of(_OFFER, s.offer_can(Cap.FORWARD)), _forward, ("to",)),
    Action("call.hold", "Hold", "Hold the call, or take it back.",
           ("f3", "h"), _CALL, _TALK, _hold_or_resume, footer=2),
    Action("call.mute", "Mute", "Close the microphone for the far end, or open it again.",
           ("f4", "m"), _CALL, _UP, _on_call(c.Mute), footer=3),
    Action("call.transfer", "Transfer", "Send the far end on: at once, after asking, or to a call.",
           ("f5", "t"), _CALL, _can(_TALK, Cap.BLIND_TRANSFER), _transfer, ("to",), footer=4),
    Action("call.hand_over", "Connect both",
           "Connect the far ends of two calls and leave; again: come back to those mixed here.",
           ("o",), _CALL, s.all_of(s.may_act, together.two_or_joined), together.hand_over),
    Action("tones.toggle", "Tones", "Typed digits go to the far end as tones, or to the dialer.",
           ("f6", "k"), _CALL, _can(_TALK, Cap.TONES), footer=5),
    Action("call.swap", "Swap", "Hold the talking call and take the held one back.",
           ("s",), _CALL, _TWO, _swap),
    Action("call.join", "Join", "Make one conversation of this call and the other one.",
           ("j",), _CALL, _TWO, together.join),
    Action("call.conference", "Conference", "Join all answered calls, of any platforms.",
           ("c",), _CALL, _TWO, together.conference),
    Action("call.leave_conference", "Leave", "Take the call out of its conference and hold it.",
           ("l",), _CALL, s.all_of(s.may_act, together.in_conference), together.leave),
    Action("call.record", "Record", "Start or stop recording the call.",
           ("r",), _CALL, _TALK, _on_call(c.Record)),
    Action("call.pause_recording", "Pause", "Keep nothing of what is said now, as card numbers.",
           ("p",), _CALL, _TALK, _on_call(c.PauseRecording)),
    Action("call.replay", "Replay", "Hear the last half minute again, or stop; only you hear it.",
           ("b",), _CALL, s.may_act, _on_last_call(c.Replay)),
    Action("call.save_replay", "Save replay",
           "Keep the last half minute as a recording, up to a minute after the call.",
           ("v",), _CALL, s.may_act, _on_last_call(c.SaveReplay)),
    Action("call.remind", "Call back later", "Ring at a time to call this one back, or the last.",
           ("n",), _CALL, s.may_act, _remind, ("when",)),
    Action("call.dispose", "What came of it", "Write down what came of the call, or the last.",
           ("g",), _CALL, s.may_act, _dispose, ("code",)),
    Action("call.hang_up", "Hang up", "End the call; never declines a ringing one.",
           ("f8", "x"), _CALL, s.all_of(_UP, s.call_can(Cap.HANG_UP)), _on_call(c.HangUp),
           footer=7),
    Action("call.undo", "Undo", "Take back a transfer, or the end of a held call, in its moment.",
           ("ctrl+o", "u"), _CALL, s.all_of(s.may_act, desk.something_pending), desk.undo),
    Action("status.toggle", "My status", "Be available for calls, or not.",
           ("f7",), _CALL, s.all_of(s.may_act, s.some_account_can(Cap.AVAILABILITY)),
           _toggle_status, footer=6),
    Action("bar.focus", "Call bar", "Go to the call bar, where single letters act on calls.",
           ("ctrl+g",), _CALL),

    Action("palette.open", "Commands", "Find any command by its name.",
           ("ctrl+p", ":"), footer=10),
    Action("help.open", "Help", "Keys, and a tour of two minutes.", ("f1", "?"), footer=11),
    Action("app.quit", "Quit", "Leave the console; asks when a call is up.", ("ctrl+q",)),
    Action("calls.focus", "Calls", "Go to the list of calls.", ("L",)),
    Action("contacts.focus", "Contacts", "Go to the contacts.", ("C",)),
    Action("events.focus", "Events", "Go to the event log.", ("E",)),
    Action("presence.focus", "Presence", "Go to my status and my numbers.", ("S",)),
    Action("dialer.focus", "Dialer", "Go to the dial field; digits go there by themselves.",
           ("ctrl+t",)),
    Action("note.focus", "Note", "Write the note of the call.", ("W",), why_not=s.some_call),
    Action("history.open", "History", "Past calls; Enter puts the number into the dialer.",
           ("H",)),
    Action("reminders.open", "Reminders", "Calls to be made later; put off, or done.", ("@",)),
    Action("shift.open", "Shift", "Calls taken and missed, durations and wait times.", ("P",)),
    Action("messages.open", "Messages", "Read and write messages.", ("M",),
           why_not=s.some_account_can(Cap.INSTANT_MESSAGES, Cap.AGENT_STATUS)),
    Action("directory.open", "Directory", "Search the platform's directory.", ("B",),
           why_not=s.some_account_can(Cap.DIRECTORY)),
    Action("report.open", "Call report", "Steps, times and live figures of the call.", ("I",),
           why_not=s.in_call),
    Action("quality.open", "Quality", "Why a call sounded bad: its course, second by second.",
           ("J",), why_not=s.some_call),
    Action("services.open", "Subscriptions", "Services, events and the notification line.",
           ("U",), why_not=s.some_account_can(Cap.SERVICES)),
    Action("monitor.open", "Monitor", "Calls of a monitored service and their quality.", ("O",),
           why_not=s.some_account_can(Cap.MONITORING)),
    Action("summary.open", "Summary", "Totals of the monitored service over a time.", (),
           why_not=s.some_account_can(Cap.MONITORING)),
    Action("rows.open", "Database", "Rows of the monitored service, fetched and written to files.",
           (), why_not=s.some_account_can(Cap.MONITORING)),
    Action("jobs.open", "Jobs", "Jobs and machines of the monitored service.", ("X",),
           why_not=s.some_account_can(Cap.JOBS)),
    Action("pops.open", "Screen pops", "Customer data that came with calls.", ("K",)),
    Action("users.open", "Online users", "Who is signed in at the platform, by connection.",
           ("Y",), why_not=s.some_account_can(Cap.ONLINE_USERS)),
    Action("platform_events.open", "Platform events", "Events of the platforms as they came.",
           ("V",)),
    Action("accounts.open", "Accounts", "How each account stands, what it can do, its set-up.", ()),
    Action("voicemail.open", "Voicemail box", "What waits on each account.", (),
           why_not=s.some_account_can(Cap.VOICEMAIL)),
    Action("devices.open", "Sound devices", "Choose microphone, speaker and ringer; test them.",
           ("A",)),
    Action("pane.next", "Next pane", "Go to the next pane or field.", ("tab",)),
    Action("pane.previous", "Previous pane", "Go back to the pane or field before.",
           ("shift+tab",)),
    Action("console.take_over", "Take over", "Make this console the one that may act.",
           ("T",), why_not=s.is_read_only),
    Action("config.reload", "Read configuration again", "Take a changed file; calls go on.", (),
           why_not=s.may_act, build=lambda now, values: [c.ReloadConfig()]),
    Action("account.online", "Go online", "Connect the accounts that are offline.", (),
           why_not=s.may_act, build=_go_online),
    Action("account.offline", "Go offline", "End calls, withdraw and disconnect all accounts.", (),
           why_not=s.may_act, build=_go_offline),
    Action("account.retry", "Retry now", "Try lost connections again at once.", ("R",),
           why_not=s.all_of(s.may_act, s.waiting_for_retry), build=_retry),
    Action("numbers.refresh", "Read numbers again", "Ask the platforms for my numbers.", (),
           why_not=s.may_act, build=_list_numbers),
    Action("call.dial", "Dial", "Call a number, an address or a name.", (),
           why_not=s.may_act, build=_dial, takes=("to",)),
    Action("call.redial", "Redial", "Put the number dialled last into the dialer.", ("ctrl+r",),
           why_not=s.may_act),
    Action("call.back", "Call back", "Put the newest missed call's number into the dialer.",
           ("F",), why_not=s.may_act),
    *(Action(f"quick.dial_{n}", f"Quick dial {n}", f"Call the contact that has the key {n}.",
             (f"alt+{n}",), why_not=s.may_act) for n in range(1, 10)),
    Action("dialer.letters", "Letters to digits", "Write 1-800-FLOWERS in the dialer as digits.",
           ()),
    Action("tones.send", "Send tones", "Send digits to the far end; a comma waits two seconds.",
           (), why_not=_can(_TALK, Cap.TONES), build=_tones, takes=("digits",)),
    Action("call.play", "Play a file", "Play a WAV file to the far end; none stops.", (),
           why_not=_TALK, build=_play, takes=("file",)),
    Action("call.stop_file", "Stop the file", "Stop playing a file to the far end.", (),
           why_not=_TALK, build=_on_call(lambda call: c.PlayFile(call, ""))),
    Action("call.parameters", "Parameters", "Custom parameters of this call, or the next.", (),
           why_not=s.all_of(s.may_act, s.some_account_can(Cap.PARAMETERS))),
    Action("call.send_ringing", "Send ringing", "Tell the caller that it rings here.", (),
           why_not=s.all_of(_OFFER, s.offer_can(Cap.REPORTS)), build=_on_offer(c.SendRinging)),
    Action("media.restart", "Restart sound", "Build the sound path of the call anew.", (),
           why_not=_can(_TALK, Cap.RESTART_MEDIA), build=_on_call(c.RestartMedia)),
    Action("call.resync", "Resync", "Ask the platform how the call stands.", (),
           why_not=_can(_UP, Cap.RESTART_MEDIA), build=_on_call(c.Resync)),
    Action("call.click", "Click to call", "Let the platform connect two devices.", (),
           why_not=s.all_of(s.may_act, s.some_account_can(Cap.CLICK_TO_CALL))),
    Action("agent.status", "Agent status", "Be available for the contact centre, or pause.",
           ("Z",), why_not=s.all_of(s.may_act, s.some_account_can(Cap.AGENT_COMMANDS))),
    Action("agent.dispose", "Disposition", "Say what came of the call; with a call-back time.",
           ("Q",), why_not=s.all_of(s.may_act, s.some_account_can(Cap.AGENT_COMMANDS))),
    Action("agent.dial", "Platform dials", "Let the contact centre dial for me.", (),
           why_not=s.all_of(s.may_act, s.some_account_can(Cap.AGENT_COMMANDS))),
    Action("agent.hang_up", "Platform hangs up", "End the contact centre's call.", (),
           why_not=s.all_of(s.may_act, s.some_account_can(Cap.AGENT_COMMANDS))),
    Action("desk.available", "Available", "Take calls on every platform.", (),
           why_not=s.may_act, build=desk.available),
    Action("desk.break", "Break", "Take no calls on any platform, with a reason as lunch.", (),
           why_not=s.may_act, build=desk.pause, takes=("reason",)),
    Action("desk.next_break", "Break after this call", "A break when the last call has ended.", (),
           why_not=s.may_act, build=desk.pause_next, takes=("reason",)),
    Action("desk.drop_next", "No break after this call", "Forget the break that waits.", (),
           why_not=s.all_of(s.may_act, desk.something_queued), build=_send(c.DropQueued())),
    Action("desk.wrap_up", "After-call work", "Take no calls until it is finished.", (),
           why_not=s.may_act, build=desk.wrap_up),
    Action("wrap_up.extend", "Longer after-call work", "A minute more before the next call.", (),
           why_not=s.all_of(s.may_act, desk.after_call), build=desk.extend),
    Action("wrap_up.finish", "Finish after-call work", "Be available for the next call now.", (),
           why_not=s.all_of(s.may_act, desk.after_call), build=_send(c.FinishWrapUp())),
    Action("quiet.toggle", "Do not disturb", "Let nothing ring aloud, or ring again.", (),
           why_not=s.may_act, build=_send(c.SetQuiet())),
    Action("caller_id.choose", "Caller id", "Show this number of mine to those I call.", (),
           why_not=s.may_act, build=desk.choose_caller_id, takes=("number",)),
    Action("presence.set", "My presence", "Tell others what I am doing.", (),
           why_not=s.all_of(s.may_act, s.some_account_can(Cap.OWN_PRESENCE))),
    Action("presence.watch", "Watch somebody", "Be told what somebody is doing.", (),
           why_not=s.all_of(s.may_act, s.some_account_can(Cap.WATCH_PRESENCE))),
    Action("contacts.refresh", "Fetch contacts", "Fetch the platforms' address books again.", (),
           why_not=s.all_of(s.may_act, s.some_account_can(Cap.ADDRESS_BOOK)),
           build=_on_accounts(Cap.ADDRESS_BOOK, c.RefreshContacts)),
    Action("voicemail.fetch", "Voicemail", "Ask how the voicemail lamps stand.", (),
           why_not=s.all_of(s.may_act, s.some_account_can(Cap.VOICEMAIL)),
           build=_on_accounts(Cap.VOICEMAIL, c.FetchVoicemail)),
    Action("line.reset", "Reset line", "Open the notification lines anew.", (),
           why_not=s.all_of(s.may_act, s.some_account_can(Cap.SERVICES)),
           build=_on_accounts(Cap.SERVICES, c.ResetConnection)),
    Action("contacts.import", "Import contacts", "From vCard, CSV or JSON; looked at first.", (),
           why_not=s.may_act),
    Action("contacts.merge", "Merge contacts", "Show contacts that are there twice; make them one.",
           (), why_not=s.may_act),
    Action("number.block", "Block a number", "Decline calls from a number (or +39899*) at once.",
           (), why_not=s.may_act, takes=("number",),
           build=lambda now, values: [c.BlockNumber(values["number"], values.get("reason", ""))]),
    Action("number.allow", "Allow a number", "Let a blocked number ring again.", (),
           why_not=s.may_act, takes=("number",),
           build=lambda now, values: [c.AllowNumber(values["number"])]),
    Action("blocked.open", "Blocked numbers", "Whose calls are declined; let one ring again.", (),
           why_not=s.may_act),
    Action("history.export", "Export history", "Write the calls of the history to a file.", ()),
    Action("history.import", "Import history", "Add the calls of a file that was exported.", (),
           why_not=s.may_act),
    Action("history.clear", "Clear history", "Delete all call records, after asking.", (),
           why_not=s.may_act),
    Action("sound.test_echo", "Test echo", "Play a noise and measure its echo.", (),
           why_not=s.may_act),
    Action("sound.echo", "Cancel echo", "Keep what the speaker plays out of what is sent, or not.",
           (), why_not=s.may_act),
    Action("sound.noise", "Suppress noise", "Take fans and street out of my voice, or not.", (),
           why_not=s.may_act),
    Action("sound.gain", "Even my voice", "Bring a quiet or loud voice to the usual level, or not.",
           (), why_not=s.may_act),
    Action("ring.test", "Test ring", "Play the ring tone once.", (), why_not=s.may_act,
           build=_send(c.TestRing())),
    Action("screen.save", "Screenshot", "Write what is seen to a picture and a text file.",
           ("ctrl+s",)),
    Action("theme.choose", "Theme", "Choose the colours; each is shown as it is marked.", ()),
    Action("theme.next", "Next theme", "Show the console in the next theme.", ()),
    Action("layout.choose", "Layout", "Choose which panes are seen, or make a layout of your own.",
           ()),
    Action("layout.next", "Next layout", "Show the panes of the next layout.", ("ctrl+l",)),
    Action("keys.edit", "Keys", "See and change which key does what.", ()),
    Action("keys.reset", "Default keys", "Give every action its default keys again, after asking.",
           ()),
    *LIST_ACTIONS,
)
# fmt: on

_BY_ID = {action.id: action for action in ACTIONS}
