"""`softphone contacts`: list, search, add and delete contacts."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Sequence
from typing import Any

from .options import done, invocation, parse, parser, print_json, with_json


def run(name: str, arguments: Sequence[str]) -> int:
    """Print contacts that match, or change the list."""
    made = with_json(
        parser(
            name,
            "List contacts, or add and delete them.",
            "softphone contacts rossi",
            'softphone contacts --add "Anna Bianchi" +390299999999',
        )
    )
    made.add_argument("text", nargs="?", default="", help="look for this")
    made.add_argument("--add", nargs="+", metavar=("NAME", "NUMBER"), help="add a contact")
    made.add_argument("--company", default="", help="company of the added contact")
    made.add_argument("--delete", default="", metavar="ID", help="delete a contact")
    made.add_argument("--limit", type=int, default=200, metavar="N", help="at most N")
    return asyncio.run(_contacts(parse(made, arguments)))


async def _contacts(options: argparse.Namespace) -> int:
    from softphone.engine.link import Role
    from softphone.engine.start import find_or_start
    from softphone.model import command as c
    from softphone.model.contact import Contact, ContactAddress, ContactId

    link = await find_or_start(invocation(options), Role.COMMAND, "contacts")
    try:
        if options.delete:
            done(await link.request(c.DeleteContact(ContactId(options.delete))))
            return 0
        if options.add:
            name, *numbers = options.add
            addresses = tuple(ContactAddress(number) for number in numbers)
            contact = Contact(ContactId(""), name, addresses, options.company)
            saved = done(await link.request(c.SaveContact(contact))).value
            assert isinstance(saved, c.ContactSaved)
            print_json({"type": "saved", "id": saved.contact}) if options.json else print(
                saved.contact
            )
            return 0
        page = done(await link.request(c.SearchContacts(options.text, options.limit))).value
        assert isinstance(page, c.ContactPage)
    finally:
        await link.close()
    for contact in page.contacts:
        if options.json:
            print_json(_data(contact))
        else:
            numbers = ", ".join(entry.address for entry in contact.addresses)
            print(f"{contact.id}  {contact.name:<28} {numbers}")
    return 0


def _data(contact: Any) -> dict[str, Any]:
    return {
        "type": "contact",
        "id": contact.id,
        "name": contact.name,
        "company": contact.company,
        "numbers": [{"number": entry.address, "label": entry.label} for entry in contact.addresses],
        "note": contact.note,
    }
