"""The outside world's formats become facts here, and only here: files in, tables of facts and balanced books out."""

from beleg.connect.errors import ConnectError
from beleg.connect.intake import Book, Intake, Quarantined, Source
from beleg.connect.propose import Proposal, Unplaced, propose
from beleg.connect.read import read

__all__ = ["Book", "ConnectError", "Intake", "Proposal", "Quarantined", "Source", "Unplaced", "propose", "read"]
