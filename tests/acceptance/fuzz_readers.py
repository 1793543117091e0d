"""Coverage-guided fuzzing of the readers: any bytes end in balanced books or a clear refusal, never in a traceback or a hang.

Run: ``python tests/acceptance/fuzz_readers.py -max_total_time=600`` (libFuzzer's options; needs ``pip install atheris``).
"""

import contextlib
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["beleg.connect"]):
    from beleg.connect import ConnectError, propose, read

# The first byte chooses how the file is called; the rest is the file.
NAMES = ("refunds.csv", "orders.json", "scans.jsonl", "2010-12-01.csv", "orders.csv.gz", "parcels.parquet", "sales.tsv")
MAPPINGS = (None, "online_retail", "tau_bench_retail", "shopify_orders")


def one_input(data: bytes) -> None:
    """Read one file of any bytes, with and without a mapping, and propose one for it."""
    if len(data) < 2:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in" / NAMES[data[0] % len(NAMES)]
        path.parent.mkdir()
        path.write_bytes(data[2:])
        try:
            intake = read(path, MAPPINGS[data[1] % len(MAPPINGS)], Path(folder) / "out")
        except ConnectError:
            pass
        else:
            for book in intake.books:
                assert book.rows == book.mapped + sum(book.ignored.values()) + book.redelivered + book.quarantined
        with contextlib.suppress(ConnectError):
            propose(path)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
