"""What no line of the product may do, read from its syntax tree: parse data as markup, run a shell,
take a message of any size, follow a redirect, or leave a certificate unchecked."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import softphone

ROOT = Path(softphone.__file__).parent
PLAIN_WIDGETS = {"Input", "TextArea"}
"""The only widgets of the library that the console uses: neither reads markup."""
BANNED_NAMES = {
    "escape": "text that is escaped is still parsed",
    "from_markup": "nothing is parsed as markup",
    "eval": "data is never run",
    "exec": "data is never run",
    "CERT_NONE": "certificates are checked",
    "_create_unverified_context": "certificates are checked",
    "mktemp": "names of temporary files can be guessed",
}
BANNED_MODULES = {"pickle", "marshal", "shelve", "yaml", "telnetlib"}
BANNED_OPTIONS: dict[str, tuple[object, ...]] = {
    "shell": (True,),
    "markup": (True,),
    "max_size": (None,),
    "allow_redirects": (True,),
    "check_hostname": (False,),
    "ssl": (False,),
    "verify": (False,),
    "show_locals": (True,),
    "trust_env": (True,),
}
"""Keyword arguments that must not have these values."""
MUST_SAY: dict[str, tuple[str, object]] = {"notify": ("markup", False)}
"""Calls by name that must have a keyword argument with this value."""
REQUESTS = {"request", "get", "post", "put", "delete", "patch"}


def findings(tree: ast.AST, *, in_ui: bool) -> Iterator[tuple[int, str]]:
    """Yield the line and the fault of everything that is not allowed."""
    talks_http = any(
        isinstance(node, ast.Import) and any(one.name == "aiohttp" for one in node.names)
        for node in ast.walk(tree)
    )
    for node in ast.walk(tree):
        match node:
            case ast.Import() | ast.ImportFrom():
                yield from _imports(node, in_ui=in_ui)
            case ast.Attribute(value=ast.Name(id="os"), attr="system" | "popen"):
                yield node.lineno, "no shell"
            case ast.Attribute(value=ast.Name(id="re" | "html")):
                pass  # their `escape` is for other things than a terminal
            case ast.Attribute(attr=name) if name in BANNED_NAMES:
                yield node.lineno, BANNED_NAMES[name]
            case ast.Name(id=name) if name in BANNED_NAMES:
                yield node.lineno, BANNED_NAMES[name]
            case ast.Call():
                yield from _call(node)
                if talks_http and _follows_redirects(node):
                    yield node.lineno, "a request must say allow_redirects=False"
            case ast.Assign(targets=targets, value=value) if in_ui:
                titles = ("border_title", "border_subtitle")
                is_title = any(isinstance(t, ast.Attribute) and t.attr in titles for t in targets)
                if is_title and not _is_content(value):
                    yield node.lineno, "a title is Content: text would be parsed as markup"


def _imports(node: ast.Import | ast.ImportFrom, *, in_ui: bool) -> Iterator[tuple[int, str]]:
    names = [alias.name for alias in node.names]
    module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
    tops = {name.split(".")[0] for name in ([module] if module else names)}
    if tops & BANNED_MODULES:
        yield node.lineno, "it can run what it reads"
    if module.endswith("markup"):
        yield node.lineno, "nothing is parsed as markup"
    if in_ui and module.startswith("textual.widgets") and set(names) - PLAIN_WIDGETS:
        yield node.lineno, "this widget parses markup; draw lines of spans instead"


def _call(node: ast.Call) -> Iterator[tuple[int, str]]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    options = {one.arg: one.value for one in node.keywords if one.arg}
    for option, value in options.items():
        if isinstance(value, ast.Constant) and any(
            value.value is bad for bad in BANNED_OPTIONS.get(option, ())
        ):
            yield node.lineno, f"{option}={value.value!r}"
    if name in MUST_SAY:
        option, wanted = MUST_SAY[name]
        said = options.get(option)
        if not (isinstance(said, ast.Constant) and said.value is wanted):
            yield node.lineno, f"{name} must say {option}={wanted}"
    if name == "ClientTimeout" and "total" not in options:
        yield node.lineno, "a request must have a limit in all"


def _follows_redirects(node: ast.Call) -> bool:
    function = node.func
    if not isinstance(function, ast.Attribute) or function.attr not in REQUESTS:
        return False
    is_session = ast.unparse(function.value).endswith("session")
    return is_session and "allow_redirects" not in {one.arg for one in node.keywords}


def _is_content(value: ast.expr) -> bool:
    """Tell whether a value is made as Content, or is a name whose type the checker knows."""
    if isinstance(value, ast.Call):
        return getattr(value.func, "id", "") == "Content"
    if isinstance(value, ast.IfExp):
        return _is_content(value.body) and _is_content(value.orelse)
    return isinstance(value, ast.Name)


def _modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def test_no_line_does_what_is_not_allowed() -> None:
    found = []
    for path in _modules():
        place = path.relative_to(ROOT)
        tree = ast.parse(path.read_text(encoding="utf-8"))
        found += [
            f"{place}:{line}: {fault}"
            for line, fault in findings(tree, in_ui=place.parts[0] == "ui")
        ]

    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        "from textual.widgets import Static",
        "from rich.markup import escape",
        "import pickle",
        "subprocess.run(line, shell=True)",
        "os.system(line)",
        "Content.from_markup(name)",
        "self.app.notify(name)",
        "self.app.notify(name, markup=True)",
        "connect(url, max_size=None)",
        "context.verify_mode = ssl.CERT_NONE",
        "box.border_title = f'CALL {name}'",
        "box.border_title = 'CALL ' + name",
        "import aiohttp\nsession.get(url)",
        "self._session.post(url, allow_redirects=True)",
        "aiohttp.TCPConnector(ssl=False)",
        "aiohttp.ClientTimeout(sock_read=5)",
        "print(eval(text))",
    ],
)
def test_each_of_them_would_be_seen(code: str) -> None:
    assert list(findings(ast.parse(code), in_ui=True))


@pytest.mark.parametrize(
    "code",
    [
        "from textual.widgets import Input, TextArea",
        "self.notify(name, markup=False)",
        "box.border_title = Content(name)",
        "import aiohttp\nsession.get(url, allow_redirects=False)",
        "subprocess.run([program, name])",
        "re.escape(text)",
        "session.get(key)",
    ],
)
def test_what_is_allowed_is_not_seen(code: str) -> None:
    assert not list(findings(ast.parse(code), in_ui=True))
