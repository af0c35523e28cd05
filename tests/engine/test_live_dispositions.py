"""What came of a call: words of the configuration, kept with the record."""

from __future__ import annotations

from pathlib import Path

from softphone.config import CallsConfig
from softphone.lab.farends import FAR_ENDS
from softphone.model import command as c
from tests.engine.office import Office, an_office

WORDS = CallsConfig(dispositions={"all": ("other",), "audin": ("Sold", "call back")})


async def test_what_came_of_a_call_is_chosen_from_its_accounts_words(folder: Path) -> None:
    async with an_office(folder, calls=WORDS) as office:
        desk = await office.at_work()
        call = await desk.dial(FAR_ENDS["tone"])
        await desk.do(c.HangUp(call.id))
        await desk.over(call.id)

        listed = await desk.do(c.ListCodes())
        strange = await desk.ask(c.Dispose("sould"))
        await desk.do(c.Dispose("sold"))
        found = await desk.do(c.ShowRecord(call.id))

    assert isinstance(listed, c.CodedNames) and isinstance(found, c.RecordFound)
    assert [one.code for one in listed.names] == ["Sold", "call back"]
    assert "did you mean" in strange.text
    assert found.record is not None
    assert ("disposition", "Sold") in [(x.what, x.detail) for x in found.record.timeline]


async def test_without_words_it_says_where_they_belong(office: Office) -> None:
    desk = await office.at_work()
    await desk.dial(FAR_ENDS["tone"])

    reply = await desk.ask(c.ListCodes())

    assert "calls.dispositions" in reply.text
