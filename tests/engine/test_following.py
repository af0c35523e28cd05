"""Presence that follows calls, on paper."""

from __future__ import annotations

from pathlib import Path

from softphone.model import command as c
from softphone.model import event as e
from softphone.model.capability import Capabilities, Capability
from softphone.model.presence import Activity, LinkState, Presence
from tests.engine.paper import FULL, PaperDesk, PaperPlatform


class Watched(PaperPlatform):
    """A platform that others watch: it tells at once what is published."""

    async def submit(self, command: c.AccountCommand | c.CallCommand) -> c.Value | None:
        if isinstance(command, c.SetPresence):
            self.tell(command.activity)
            return None
        return await super().submit(command)

    def tell(self, activity: Activity) -> None:
        self.context.emit(e.PresenceChanged(Presence(self.name, self.identity, True, activity)))


def test_a_call_that_ends_while_the_line_is_lost_is_taken_back_when_it_is_there_again(
    tmp_path: Path,
) -> None:
    day = PaperDesk(tmp_path, presence_on_call=True)
    sip = day.platforms[1]
    sip.__class__ = Watched
    assert isinstance(sip, Watched)
    able = FULL | {Capability.OWN_PRESENCE}
    sip._can = Capabilities(able, dict.fromkeys(frozenset(Capability) - able, "Not on paper."))

    def shown() -> Activity:
        return next(iter(day.seat.presence.values())).activity

    day.happens(lambda: sip.tell(Activity.ACTIVE))
    day.ask(c.Dial("+39021234", sip.name))
    (call,) = sip.live()
    day.happens(lambda: sip.far_end_answers(call))
    talking = shown()
    day.happens(lambda: sip.context.emit(e.LinkChanged(sip.name, LinkState.RECONNECTING)))
    day.happens(lambda: sip.far_end_goes(call))
    lost = shown()
    day.happens(lambda: sip.context.emit(e.LinkChanged(sip.name, LinkState.ONLINE)))
    afterwards = shown()
    day.close()

    assert (talking, lost) == (Activity.ON_THE_PHONE, Activity.ON_THE_PHONE)
    assert afterwards is Activity.ACTIVE
