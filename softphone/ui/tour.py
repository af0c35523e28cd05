"""One short line that says the next key to press, and the two-minute tour of the help."""

from __future__ import annotations

from softphone.model.call import CallState

from .view import View

TOUR = (
    "Wait a moment: a lab caller rings, and the banner at the top says who it is. "
    "{call.answer} answers, {call.decline} declines.",
    "Talk. {call.mute} closes your microphone, {call.hold} holds the call and takes it back.",
    "{call.hang_up} hangs up. The call stays in the history: Esc leaves the dialer, "
    "{history.open} opens it.",
    "Type echo and press Enter: you hear yourself. The README names all whom to call.",
    "Call menu, press {tones.toggle} for the tone keypad and type digits: they go to the "
    "far end. {tones.toggle} again, and digits go to the dialer.",
    "{call.transfer} transfers a call where the platform can; where not, the console says why.",
    "{bar.focus} opens the call bar: single letters act on calls there, Esc closes it.",
    "In the history the marked call shows its quality report and what happened when.",
    "{palette.open} finds every command by its name and shows its key.",
)


def tour_lines(view: View) -> list[str]:
    """Return the tour with the operator's own keys in it."""
    lines = []
    for line in TOUR:
        for action_id in view.keys:
            line = line.replace(f"{{{action_id}}}", view.key(action_id) or "(no key)")
        lines.append(line)
    return lines


def next_step(view: View) -> str:
    """Return what to press next, in the lab; an empty string when it is not wanted."""
    engine = view.session.engine
    if not view.settings.tour or engine is None or not engine.lab or not view.session.connected:
        return ""
    now, key = view.now, view.key
    if now.offer:
        return f"Somebody is calling: {key('call.answer')} answers, {key('call.decline')} declines."
    call = now.call
    if call and call.state is CallState.HELD:
        return f"The call is on hold: {key('call.hold')} takes it back."
    if call and call.state is CallState.ACTIVE:
        return (
            f"You are talking: {key('call.hold')} holds, {key('call.mute')} mutes, "
            f"{key('call.hang_up')} hangs up."
        )
    if call:
        return f"The call is on its way: {key('call.hang_up')} gives up."
    return f"Type echo and press Enter: you hear yourself. {key('help.open')} has a short tour."
