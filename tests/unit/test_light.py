"""A command starts without what it does not need, and has it once it does."""

import subprocess
import sys

ASKED = """
import sys
from beleg.commands.light import start_light
start_light()
import pyarrow as pa
numbers = pa.array([1, 2, 3], pa.int64())
print("pandas" in sys.modules, numbers.to_pandas().sum(), "pandas" in sys.modules)
"""


def test_arrow_makes_arrays_without_pandas_and_frames_with_it() -> None:
    said = subprocess.run([sys.executable, "-c", ASKED], capture_output=True, text=True, check=True).stdout
    assert said.split() == ["False", "6", "True"]
