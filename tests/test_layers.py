"""Imports go downwards only, and a few commands stay light."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import softphone

ROOT = Path(softphone.__file__).parent
EVERYWHERE = {"config", "paths", "secret", "logs"}
HEAVY = ("asyncio", "aiohttp", "websockets", "aiortc")

ALLOWED: dict[str, set[str]] = {
    "model": {"model"},
    "audio": {"audio", "model.error"},
    "webrtc": {"webrtc", "model", "audio"},
    "remote": {"remote", "model", "audio", "webrtc.opus"},
    "store": {"store", "model"},
    "adapters": {
        "adapters",
        "model",
        "audio.leg",
        "audio.g711",
        "audio.framing",
        "audio.jitter",
        "webrtc",
    },
    "engine": {
        *("engine", "adapters.base", "adapters.registry", "audio", "store", "model"),
        "remote",
    },
    "ui": {"ui", "model", "engine.link"},
    "lab": {
        "lab",
        "model",
        "audio",
        "adapters.audin.wire",
        "adapters.ribbon.wire",
        "adapters.agenthub.wire",
        "adapters.observer.wire",
        "webrtc",
    },
    "cli": {
        *("cli", "model", "audio", "webrtc", "store", "adapters", "engine", "ui", "lab"),
        "remote",
    },
}
# The facade that makes a platform usable as a library brings its own sound engine.
EXCEPTIONS = {
    ("adapters/audin/operator.py", "audio.engine"),
    ("adapters/audin/operator.py", "audio.report"),
    ("adapters/ribbon/gateway.py", "audio.engine"),
    ("adapters/ribbon/gateway.py", "audio.report"),
}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def imports_of(path: Path) -> set[str]:
    """Return our own modules a file imports, as "audio.leg", without the package's name."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names if a.name.startswith("softphone")}
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            prefix = ["softphone", *base] if node.level else []
            module = ".".join([*prefix, *([node.module] if node.module else [])])
            if module.split(".")[0] == "softphone":
                found |= {module} | {f"{module}.{a.name}" for a in node.names}
    return {name.removeprefix("softphone").lstrip(".") for name in found} - {""}


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_downwards_only(path: Path) -> None:
    name = str(path.relative_to(ROOT))
    layer = path.relative_to(ROOT).parts[0]
    if layer not in ALLOWED:
        return
    allowed = ALLOWED[layer] | (EVERYWHERE if layer != "model" else set())
    known = {str(m.relative_to(ROOT).with_suffix("")).replace("/", ".") for m in modules()}
    for imported in imports_of(path):
        if imported not in known and f"{imported}.__init__" not in known:
            continue  # a name inside a module that was judged by itself
        fits = any(imported == a or imported.startswith(f"{a}.") for a in allowed)
        inside = any(a.startswith(f"{imported}.") for a in allowed)
        assert fits or inside or (name, imported) in EXCEPTIONS, f"{name} imports {imported}"


def test_no_adapter_imports_another_platform() -> None:
    platforms = [p.name for p in (ROOT / "adapters").iterdir() if (p / "wire.py").exists()]

    for path in modules():
        parts = path.relative_to(ROOT).parts
        if parts[0] == "adapters" and parts[1] in platforms:
            others = {f"adapters.{name}" for name in platforms if name != parts[1]}
            assert not {i for i in imports_of(path) if any(i.startswith(o) for o in others)}


@pytest.mark.parametrize(
    "path",
    [p for p in modules() if p.name in ("wire.py", "protocol.py") or "model" in p.parts],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_the_pure_core_imports_no_event_loop_and_no_sockets(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))

    names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}

    assert not {name for name in names if name.split(".")[0] in HEAVY}


def test_only_webrtc_imports_its_libraries() -> None:
    for path in modules():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        names |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
        tops = {name.split(".")[0] for name in names}
        allowed = path.relative_to(ROOT).parts[0] == "webrtc"
        assert allowed or not tops & {"aiortc", "aioice", "av"}, f"{path} imports them"


@pytest.mark.parametrize("arguments", [["--help"], ["call", "--help"], ["check-config"]])
def test_light_commands_import_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    config.write_text('[accounts.a]\nkind = "audin"\ntoken_url = "https://backend.test/token"\n')
    if arguments == ["check-config"]:
        arguments = [*arguments, str(config)]
    code = (
        "import sys\nfrom softphone.cli.main import main\n"
        f"try:\n    code = main({arguments!r})\nexcept SystemExit as end:\n    code = end.code\n"
        "heavy = [m for m in ('textual', 'numpy', 'aiohttp', 'aiortc') if m in sys.modules]\n"
        "sys.exit(f'imported {heavy}' if heavy else code)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_no_platform_is_named_above_the_adapters() -> None:
    for layer in ("ui", "engine", "store", "model"):
        for path in (ROOT / layer).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            strings = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)]
            named = [s for s in strings if s in ("audin", "ribbon", "agenthub", "observer")]
            assert not named, f"{path} names {named}"
