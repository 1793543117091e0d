"""All that ``beleg audit --staff`` does, so that every detector runs."""

from functools import partial

from bench.contenders.audit import answer
from bench.contenders.clock import run

if __name__ == "__main__":
    run(partial(answer, staff=True))
