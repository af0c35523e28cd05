"""`softphone contacts`: list, search, add, delete, import, export, merge; search directories."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from . import contactfiles
from .contactfiles import FORMATS
from .options import parse, parser, print_json, with_json

if TYPE_CHECKING:
    from softphone.model.contact import Contact

    from .session import Session

FIELDS = ("name", "first_name", "last_name", "number", "user")


def run(name: str, arguments: Sequence[str]) -> int:
    """Print contacts that match, or change the list."""
    made = with_json(
        parser(
            name,
            "List contacts, add and delete them, read and write whole books, merge what is there "
            "twice.\nWith --account it is the platform's own book.",
            "softphone contacts rossi",
            'softphone contacts --add "Anna Bianchi" +390299999999',
            "softphone contacts --directory Car --field first_name",
            "softphone contacts import phone.vcf --dry-run",
            "softphone contacts export book.csv",
            "softphone contacts merge --yes",
        )
    )
    made.add_argument("words", nargs="*", metavar="TEXT", help="look for this; or one of: "
                      "import FILE, export [FILE], merge [ID]")  # fmt: skip
    made.add_argument("--add", nargs="+", metavar=("NAME", "NUMBER"), help="add a contact")
    made.add_argument("--company", default="", help="company of the added contact")
    made.add_argument("--favourite", action="store_true", help="the added contact is one")
    made.add_argument("--quick", type=int, default=0, metavar="N", help="its quick-dial key, 1-9")
    made.add_argument("--delete", default="", metavar="ID", help="delete a contact")
    made.add_argument("--directory", action="store_true", help="search the platform's directory")
    made.add_argument("--field", choices=FIELDS, default="name", help="what TEXT is looked for in")
    made.add_argument("--refresh", action="store_true", help="fetch the platform's book again")
    made.add_argument("--fetch", default="", metavar="ID", help="show one of its contacts anew")
    made.add_argument("--account", default="", help="the platform's book, or directory")
    made.add_argument("--limit", type=int, default=200, metavar="N", help="at most N")
    made.add_argument("--dry-run", action="store_true", help="import: only say what would be")
    made.add_argument("--format", choices=FORMATS, help="export: else by the file's ending")
    made.add_argument("--yes", action="store_true", help="merge: do it, not only show it")
    return asyncio.run(_contacts(parse(made, arguments)))


async def _contacts(options: argparse.Namespace) -> int:
    from softphone.model import command as c
    from softphone.model.capability import Capability
    from softphone.model.contact import ContactId

    from .session import attached

    verb, rest = options.words[:1], options.words[1:]
    options.text = " ".join(options.words)
    async with attached(options, "contacts", start=True) as session:
        if verb == ["import"] and len(rest) == 1:
            return await contactfiles.read_in(session, options, rest[0])
        if verb == ["export"] and len(rest) < 2:
            return await contactfiles.write_out(session, options, "".join(rest))
        if verb == ["merge"] and len(rest) < 2:
            return await contactfiles.merge(session, options, "".join(rest))
        if options.delete:
            await session.ask(c.DeleteContact(ContactId(options.delete)))
        elif options.add:
            await _add(session, options)
        elif options.refresh:
            account = session.account(options.account, Capability.ADDRESS_BOOK)
            await session.ask(c.RefreshContacts(account))
        else:
            _print(await _found(session, options), as_json=options.json)
    return 0


async def _add(session: Session, options: argparse.Namespace) -> None:
    from softphone.model import command as c
    from softphone.model.capability import Capability
    from softphone.model.contact import Contact, ContactAddress, ContactId

    name, *numbers = options.add
    addresses = tuple(ContactAddress(number) for number in numbers)
    source = None
    if options.account:
        source = session.account(options.account, Capability.ADDRESS_BOOK)
    contact = Contact(
        ContactId(""),
        name,
        addresses,
        options.company,
        favourite=options.favourite,
        source=source,
        quick=options.quick,
    )
    saved = await session.ask(c.SaveContact(contact))
    assert isinstance(saved, c.ContactSaved)
    if options.json:
        print_json({"type": "saved", "id": saved.contact})
    else:
        print(saved.contact)


async def _found(session: Session, options: argparse.Namespace) -> Iterable[Contact]:
    from softphone.model import command as c
    from softphone.model.capability import Capability

    page: c.Value | None
    if options.fetch:
        account = session.account(options.account, Capability.ADDRESS_BOOK)
        native_id = options.fetch.removeprefix(f"{account}:")
        page = await session.ask(c.FetchContact(account, native_id))
    elif options.directory:
        account = session.account(options.account, Capability.DIRECTORY)
        field = c.DirectoryField(options.field)
        page = await session.ask(c.SearchDirectory(account, options.text, field))
    else:
        page = await session.ask(c.SearchContacts(options.text, options.limit))
    assert isinstance(page, c.ContactPage)
    found = page.contacts[: options.limit]
    if options.account and not (options.directory or options.fetch):
        return [contact for contact in found if contact.source == options.account]
    return found


def _print(contacts: Iterable[Contact], *, as_json: bool) -> None:
    from .show import contact_data

    for contact in contacts:
        if as_json:
            print_json(contact_data(contact))
        else:
            numbers = ", ".join(entry.address for entry in contact.addresses)
            source = f"  [{contact.source}]" if contact.source else ""
            print(f"{contact.id}  {contact.name:<28} {numbers}{source}")
