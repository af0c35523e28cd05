"""What can be typed in the line mode, and how each action of the console is reached there.

Common actions have a word of their own; every action that sends commands can be done by its id
(`do call.play file=x.wav`); what is a screen in the console is a list here, or a command of the
command line, which the line mode runs.
"""

from __future__ import annotations

from dataclasses import dataclass

from .actions import Action, Scope


@dataclass(frozen=True, slots=True)
class Word:
    """A word for an action: the value its argument is (empty: none), and what help says."""

    action: str
    takes: str
    usage: str


WORDS = {
    "dial": Word("call.dial", "to", "dial NUMBER or NAME"),
    "answer": Word("call.answer", "", "answer the ringing call"),
    "endanswer": Word("call.answer_ending", "", "end the call that is up, then answer"),
    "decline": Word("call.decline", "", "decline the ringing call"),
    "ignore": Word("call.ignore", "", "stop ringing here only"),
    "forward": Word("call.forward", "to", "forward NUMBER: send the ringing call there"),
    "hangup": Word("call.hang_up", "", "end the call"),
    "undo": Word("call.undo", "", "take back a transfer or the end of a held call"),
    "mute": Word("call.mute", "", "close or open the microphone"),
    "hold": Word("call.hold", "", "put the call on hold"),
    "resume": Word("call.hold", "", "take the held call back"),
    "swap": Word("call.swap", "", "talk to the other call"),
    "transfer": Word("call.transfer", "to", "transfer NUMBER: send the far end there"),
    "join": Word("call.join", "", "make one conversation of this call and the other one"),
    "conference": Word("call.conference", "", "join all answered calls"),
    "leave": Word("call.leave_conference", "", "take the call out of its conference"),
    "connect": Word("call.hand_over", "", "connect two far ends without you; again: come back"),
    "record": Word("call.record", "", "start or stop recording"),
    "pause": Word("call.pause_recording", "", "keep nothing of what is said now; again: go on"),
    "replay": Word("call.replay", "", "hear the last half minute again, or stop"),
    "keep": Word("call.save_replay", "", "keep the last half minute as a recording"),
    "dispose": Word("call.dispose", "code", "dispose WORD: write down what came of the call"),
    "remind": Word("call.remind", "when", "remind 20m: ring then to call this, or the last, back"),
    "tones": Word("tones.send", "digits", "tones 12#: send digits to the far end"),
    "toggle": Word("status.toggle", "", "be available for calls, or not"),
    "available": Word("desk.available", "", "take calls on every platform"),
    "break": Word("desk.break", "reason", "break REASON: take no calls on any platform"),
    "next": Word("desk.next_break", "reason", "next REASON: a break when the last call has ended"),
    "nobreak": Word("desk.drop_next", "", "forget the break that waits"),
    "wrapup": Word("desk.wrap_up", "", "begin after-call work"),
    "longer": Word("wrap_up.extend", "", "a minute more of after-call work"),
    "finish": Word("wrap_up.finish", "", "finish after-call work"),
    "quiet": Word("quiet.toggle", "", "do not disturb, or ring aloud again"),
    "callerid": Word("caller_id.choose", "number", "callerid ID: show this number of mine"),
    "block": Word("number.block", "number", "block NUMBER: decline its calls from now on"),
    "allow": Word("number.allow", "number", "allow NUMBER: let it ring again"),
    "retry": Word("account.retry", "", "try lost connections again now"),
    "offline": Word("account.offline", "", "end calls and disconnect"),
    "takeover": Word("console.take_over", "", "make this console the one that may act"),
}
LISTS = {
    "calls": "show the calls",
    "contacts": "contacts [TEXT]: show contacts",
    "history": "history [TEXT]: show past calls",
    "numbers": "show my numbers and their ids",
    "online": "online [ID ...]: be online on these numbers, or on the usual ones",
    "status": "show the accounts and my state",
    "events": "show the last lines of the event log",
    "pops": "show customer data that came with calls",
    "users": "show who is signed in at the platforms",
    "quick": "quick N: call the contact of quick-dial key N",
    "redial": "call the number dialled last",
    "back": "call the newest missed caller back",
    "note": "note TEXT: write the note of the call, or of the last",
    "letters": "letters 1-800-FLOWERS: write it as digits",
    "echo": "play a noise and measure its echo",
    "sound": "sound echo|noise|gain on|off: what is done to the microphone",
    "platform": "platform dial NUMBER, hangup, idle, pause REASON: the contact centre's own",
    "do": "do ACTION.ID [KEY=VALUE ...]: any action; actions lists them",
    "actions": "show every action and what to type for it",
    "help": "show this",
    "quit": "leave; the engine applies its rules to a call that is up",
}

# What is a screen or a dialog in the console; other words are commands of the command line.
_INSTEAD = {
    "help.open": "help",
    "app.quit": "quit",
    "calls.focus": "calls",
    "contacts.focus": "contacts",
    "events.focus": "events",
    "presence.focus": "status",
    "note.focus": "note TEXT",
    "history.open": "history",
    "accounts.open": "status",
    "voicemail.open": "voicemail",
    "reminders.open": "remind",
    "shift.open": "shift",
    "messages.open": "messages",
    "directory.open": "contacts TEXT --directory",
    "report.open": "report",
    "quality.open": "report --json",
    "services.open": "subscriptions",
    "monitor.open": "observe calls",
    "summary.open": "observe summary",
    "rows.open": "observe frame RESOURCE",
    "jobs.open": "observe jobs",
    "pops.open": "pops",
    "users.open": "users",
    "platform_events.open": "events --json",
    "devices.open": "devices",
    "console.take_over": "takeover",
    "call.redial": "redial",
    "call.back": "back",
    "dialer.letters": "letters TEXT",
    "call.parameters": "parameters NAME=VALUE",
    "call.click": "click-to-call FROM TO",
    "agent.status": "platform pause REASON",
    "agent.dispose": "dispose WORD",
    "agent.dial": "platform dial NUMBER",
    "agent.hang_up": "platform hangup",
    "presence.set": "presence ACTIVITY",
    "presence.watch": "presence --watch USER",
    "contacts.import": "contacts import FILE",
    "contacts.merge": "contacts merge",
    "blocked.open": "block",
    "history.export": "history --export FILE",
    "history.import": "history --import FILE",
    "history.clear": "history --clear --yes",
    "sound.test_echo": "echo",
    "sound.echo": "sound echo on",
    "sound.noise": "sound noise on",
    "sound.gain": "sound gain on",
    "list.filter": "history TEXT",
    "list.missed": "history --missed",
    "list.result": "history --disposition WORD",
    "list.platform": "history --platform",
    "list.report": "report CALL",
    "list.quality": "report CALL --json",
    "list.open": "dial NUMBER",
    "list.tick": "online ID",
    "list.find": "observe find ID",
    "list.message": 'messages PEER --send "TEXT"',
    "list.watch": "presence --watch USER",
    "list.block": "block NUMBER",
    "contact.add": "contacts --add NAME NUMBER",
    "contact.edit": "contacts --add NAME NUMBER",
    "contact.delete": "contacts --delete ID",
    **{f"quick.dial_{digit}": f"quick {digit}" for digit in range(1, 10)},
}
# They move or paint something on a screen, and there is none.
_NOUNS_OF_THE_SCREEN = frozenset(
    {"bar", "dialer", "keys", "layout", "list", "palette", "pane", "screen", "theme", "tour"}
)
_OF_THE_SCREEN = frozenset({"tones.toggle"})


def line_for(action: Action) -> str:
    """Return what to type for an action; empty when it is about the screen itself."""
    if action.id in _INSTEAD:
        return _INSTEAD[action.id]
    word = next((w for w, found in WORDS.items() if found.action == action.id), "")
    if word:
        taken = WORDS[word].takes
        return f"{word} {taken.upper()}" if taken else word
    if action.build is not None:
        return " ".join(["do", action.id, *(f"{name}=..." for name in action.takes)])
    return ""


def is_of_the_screen(action: Action) -> bool:
    """Tell whether an action means nothing without a screen."""
    noun = action.id.partition(".")[0]
    return action.id in _OF_THE_SCREEN or noun in _NOUNS_OF_THE_SCREEN


def shown(action: Action) -> bool:
    """Tell whether the list of actions names it: rows of a list have no cursor here."""
    return bool(line_for(action)) and not (action.scope is Scope.LIST and is_of_the_screen(action))
