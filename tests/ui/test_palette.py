"""The palette over actions, contacts and calls: what fits best stands first, nothing moves."""

from __future__ import annotations

from softphone.model import command as c
from softphone.model.call import EndReason, Party
from softphone.model.record import CallRecord
from softphone.ui.fuzzy import fit, is_weak
from softphone.ui.screens.palette import PaletteScreen, matches
from tests.ui.conftest import NOW, START, Console, FakeEngine, OpenConsole


def distance(typed: str, name: str) -> int:
    found = fit(typed, name)
    assert found is not None
    return found


def test_beginnings_come_before_parts_and_parts_before_letters() -> None:
    ranked = sorted(
        ["Marco Rossi", "Rosa Bianchi", "Aldo Crosetti", "Remo Ossola"],
        key=lambda name: distance("ros", name),
    )

    assert ranked == ["Rosa Bianchi", "Marco Rossi", "Aldo Crosetti", "Remo Ossola"]
    assert is_weak(distance("ros", "Remo Ossola"))


def test_case_accents_and_the_order_of_words_do_not_matter() -> None:
    assert fit("NOEL zoe", "Zoë Noël") == 1
    assert fit("rossi marco", "Marco Rossi") is not None
    assert fit("marco verdi", "Marco Rossi") is None
    assert fit("xq", "Marco Rossi") is None
    assert fit("", "anything") == 0


def test_letters_that_begin_words_find_an_action() -> None:
    assert matches("hup")[0].id == "call.hang_up"
    assert matches("nxt th")[0].id == "theme.next"


def furnish(console: Console, engine: FakeEngine) -> None:
    people = [console.make.contact(f"Person {n}", f"+3906{n:07}") for n in range(50)]
    people.append(console.make.contact("Rosa [b]Bianchi", "+39061"))
    people.append(console.make.contact("Marco Rossi", "+39062"))

    def found(asked: c.SearchContacts) -> c.Reply:
        words = asked.text.casefold().split()
        fits = [p for p in people if all(word in p.name.casefold() for word in words)]
        return c.Reply(value=c.ContactPage(tuple(fits[: asked.limit]), len(fits)))

    def past(asked: c.ListHistory) -> c.Reply:
        offers = [
            console.make.offer(f"h{n}", remote=Party(address, name), created_at=NOW - 60)
            for n, (address, name) in enumerate(
                [("+39062", "Marco Rossi"), ("+39063", "Rosso Srl"), ("+39063", "Rosso Srl")]
            )
        ]
        over = [o.ended(EndReason.CANCELLED, NOW, START) for o in offers]
        hits = [CallRecord(o) for o in over if asked.filter.text in o.remote.name.casefold()]
        return c.Reply(value=c.HistoryPage(tuple(hits)))

    engine.reply(c.SearchContacts, found)
    engine.reply(c.ListHistory, past)


def names(console: Console) -> list[str]:
    screen = console.app.screen
    assert isinstance(screen, PaletteScreen)
    return [entry.name or entry.key for entry in screen.rows.rows]


async def test_contacts_and_calls_stand_below_the_actions_each_number_once(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    async with open_console((80, 24)) as console:
        furnish(console, engine)
        await console.press("ctrl+p", *"ros")
        await console.until(lambda: "Rosso Srl" in names(console))

        others = [name for name in names(console) if "." not in name]
        assert others == ["Rosa [b]Bianchi", "Marco Rossi", "Rosso Srl"]
        assert "Rosa [b]Bianchi" in console.screen_text()
        assert "missed" in console.screen_text()


async def test_enter_on_somebody_fills_the_dialer_and_dials_nothing(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    async with open_console((80, 24)) as console:
        furnish(console, engine)
        await console.press("ctrl+p", *"marco r")
        await console.until(lambda: "Marco Rossi" in names(console))
        place = names(console).index("Marco Rossi")
        await console.press(*["down"] * place, "enter")

        assert console.app.main.dialer.field.value == "+39062"
        assert not console.commands(c.Dial)


async def test_a_name_is_found_by_its_letters_when_nobody_has_the_text(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    async with open_console((80, 24)) as console:
        furnish(console, engine)
        await console.press("ctrl+p", *"mrossi")

        await console.until(lambda: "Marco Rossi" in names(console))


async def test_what_comes_later_never_moves_the_mark(
    open_console: OpenConsole, engine: FakeEngine
) -> None:
    async with open_console((80, 24)) as console:
        furnish(console, engine)
        await console.press("ctrl+p", *"ros")
        screen = console.app.screen
        assert isinstance(screen, PaletteScreen)
        marked = screen.rows.row
        await console.until(lambda: "Rosso Srl" in names(console))

        assert marked is None or screen.rows.row == marked
