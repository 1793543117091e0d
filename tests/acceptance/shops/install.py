"""Installs a storefront from npm with Beleg's plug-in as a shop would install it: built, packed, and added as a package."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]
SHOPS = Path(__file__).parent
PLUGINS = ROOT / "plugins"

# Settings for npm that do not depend on the user's own: no lock file, no notices, nothing asked.
QUIET = ["--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]


def missing() -> str | None:
    """Why the storefronts cannot be tried here; None if they can."""
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            return f"{tool} is not installed: the storefronts are JavaScript (Beleg itself needs neither)"
    major = int(subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout[1:].split(".")[0])
    return None if major >= 20 else f"node {major} is too old: the storefronts need 20"


def home() -> Path:
    """Where storefronts are installed, once and for all later runs: `BELEG_STOREFRONTS`, else the user's cache."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("BELEG_STOREFRONTS") or cache / "beleg" / "storefronts")


def install(name: str) -> Path:
    """The folder of a storefront, ready to start, with the plug-in as it is in this checkout.

    What npm brings is kept between runs as long as the versions stay; the plug-in is built anew every time.
    """
    shop = home() / name
    shop.mkdir(parents=True, exist_ok=True)
    shutil.copytree(SHOPS / name, shop, dirs_exist_ok=True)
    wanted = hashlib.sha256((shop / "package.json").read_bytes()).hexdigest()
    stamp = shop / ".installed"
    if not stamp.exists() or stamp.read_text() != wanted:
        _run(["npm", "install", *QUIET], shop)
        stamp.write_text(wanted)
    _run(["npm", "install", "--no-save", *QUIET, str(_packed(shop, name))], shop)
    return shop


def _packed(shop: Path, name: str) -> Path:
    """The plug-in as a package, built with the storefront's own compiler and types."""
    build = shop / "build"
    shutil.rmtree(build, ignore_errors=True)
    for part in ("gate-client", name):
        shutil.copytree(PLUGINS / part, build / part, ignore=shutil.ignore_patterns("node_modules", "dist", ".medusa", "test"))
    compiler = shop / "node_modules" / "typescript" / "bin" / "tsc"
    _run(["node", str(compiler), "-p", "."], build / "gate-client")
    inner = build / name / "node_modules" / "@beleg" / "gate-client"
    inner.mkdir(parents=True)
    shutil.copy(build / "gate-client" / "package.json", inner)
    shutil.copytree(build / "gate-client" / "dist", inner / "dist")
    _run(["node", str(compiler), "-p", "."], build / name)
    _run(["npm", "pack", "--loglevel=error"], build / name)
    return next((build / name).glob("*.tgz"))


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"{' '.join(command)} in {folder} failed:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
