"""What all tests share: tests that need Spark are skipped where it is not, unless the run insists on them."""

import os
import shutil
from importlib.util import find_spec

import pytest

NEEDED = {
    "spark": ("pyspark and Java, which .ci/run installs", lambda: bool(find_spec("pyspark") and shutil.which("java"))),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    insisted = os.environ.get("BELEG_REQUIRE", "").split()
    for mark, (what, there) in NEEDED.items():
        if mark in insisted or there():
            continue
        for item in items:
            if item.get_closest_marker(mark):
                item.add_marker(pytest.mark.skip(reason=f"needs {what}"))
