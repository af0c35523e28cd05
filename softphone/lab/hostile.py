"""Names, numbers and texts made to break a terminal, a markup parser, a database or a log."""

from __future__ import annotations

_ESC = "\x1b"

HOSTILE_TEXTS = (
    # terminal control: screen, title, clipboard (OSC 52), link (OSC 8), device control, C1
    f"{_ESC}[2J{_ESC}[H{_ESC}[31mPWNED",
    f"{_ESC}]0;title\x07{_ESC}]52;c;cm0gLXJmIH4=\x07",
    f"{_ESC}]8;;http://evil.example\x1b\\click{_ESC}]8;;\x1b\\",
    f"{_ESC}P+q544e\x1b\\{_ESC}[6n\x9b31m\x9d0;c1\x9c",
    f"{_ESC}[?1049l{_ESC}[?25h{_ESC}c",
    "line\r\noverwritten\x08\x08\x08\x00\x7f",
    # Textual and rich markup
    "[@click=app.quit]free[/]",
    "[bold red]Boss[/bold red][/][/",
    "[/]",
    "\\[red]\\",
    "$(reboot) `reboot` ${HOME} %s %n {0.__class__}",
    # bidi, zero width, tag characters, look-alikes
    "Anna \u202egnp.exe\u202c \u2066iso\u2069",
    "Pay\u200bPal\ufeff \u2060 \U000e0041\U000e0042",
    "\u0410nn\u0430 R\u043ess\u0456",  # Anna Rossi in Cyrillic look-alikes
    # size and combining marks
    "W" * 5_000,
    "Z" + "\u0321\u0350\u0334" * 200 + "algo",
    "👩‍👩‍👧‍👦" * 40,
    # lone surrogates, noncharacters, SQL, HTML, CSV
    "half \ud800 pair \udfff",
    "\ufffe\uffff",
    "'; DROP TABLE calls; --",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    '=HYPERLINK("http://evil.example")',
    "",
    " ",
)

_NUMBERS = (
    "+390245871203",
    f"{_ESC}[5m+3902",
    "0000000000000000000000000000000000000000000000000",
    "tel:+39;ext=1?x=../../etc/passwd",
    "anonymous",
    "[/]",
    "\u202e+390245871203",
)

HOSTILE_CALLERS = tuple(
    (_NUMBERS[place % len(_NUMBERS)], text) for place, text in enumerate(HOSTILE_TEXTS)
)
