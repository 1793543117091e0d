"""People, rings and staff: who is found, who is wrongly named, how soon, and what a ring that knows all this still takes.

Run: ``python -m evals.people [--quick] [--seeds 201,202] [--nulls 400] [--keep folder] [--json out.json] [--markdown out.md]``.
With ``--keep`` every world's answer is written there when it is ready, and worlds that are there already are not made again;
empty the folder when a detector has changed.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from evals.attacker import point, step
from evals.output import add_outputs, tell
from evals.people_audits import Measured, Task, measure
from evals.people_page import page
from evals.people_tables import Report, alarms, at_any, by_detector, calibration, condition, wrongly
from evals.people_worlds import (
    ATTACK,
    ATTACK_CUTS,
    CARE,
    CONDITIONS,
    CUTS,
    LOOKS,
    NULL_ORDERS,
    NULL_SEEDS,
    ORDERS,
    SEEDS,
    TIMED,
    attacked,
    careful,
    honest,
    planted,
)
from evals.worlds import add_worlds, side_by_side


def main(arguments: Sequence[str] | None = None) -> Report:
    """Measure, print the page, and write what was asked for."""
    asked = _parse(arguments)
    seeds = asked.seeds or (SEEDS[:2] if asked.quick else SEEDS)
    nulls = NULL_SEEDS[: asked.nulls]
    print(f"seeds {', '.join(map(str, seeds))}; honest worlds {len(nulls)}")
    tasks = [Task(name, planted(name, seed), CUTS if name == TIMED else (1.0,)) for name in CONDITIONS for seed in seeds]
    tasks += [Task(f"attack {name}", attacked(name, seed), ATTACK_CUTS) for name in ATTACK for seed in seeds[: asked.attacks]]
    tasks += [Task(_care(care), careful(care, seed), ATTACK_CUTS, gate=True) for care in CARE for seed in seeds[: asked.attacks]]
    tasks += [Task("null", honest(seed)) for seed in nulls]
    tasks += [Task("looks", honest(seed), LOOKS) for seed in NULL_SEEDS[: asked.looks]]
    tasks = [task for task in tasks if not asked.no_more or _kept(task, asked.keep) is not None]
    answer = _report(list(_measured(tasks, asked.workers, asked.keep)))
    tell(page(answer), answer, asked)
    return answer


def _report(worlds: Sequence[Measured]) -> Report:
    parts: dict[str, list[Measured]] = {}
    for one in worlds:
        parts.setdefault(one.condition, []).append(one)
    with_fraud = [one for name in CONDITIONS for one in parts.get(name, ())]
    null, looks = parts.get("null", []), parts.get("looks", [])
    return Report(
        seeds=tuple(sorted({one.seed for one in with_fraud})),
        null_seeds=tuple(sorted(one.seed for one in null)),
        orders=ORDERS,
        null_orders=NULL_ORDERS,
        conditions=tuple(condition(name, parts[name]) for name in CONDITIONS if name in parts),
        detectors=by_detector(with_fraud),
        wrongly=wrongly(with_fraud),
        calibration=calibration(with_fraud),
        alarms=alarms([one.answers[-1] for one in null]),
        null_wrongly=wrongly(null),
        looks=len(LOOKS),
        once=alarms([one.answers[-1] for one in looks]) if looks else (),
        ever=alarms([at_any(one.answers) for one in looks]) if looks else (),
        attacker=tuple(step(name, parts[f"attack {name}"]) for name in ATTACK if f"attack {name}" in parts),
        curve=tuple(point(care, parts[_care(care)]) for care in CARE if _care(care) in parts),
    )


def _care(care: float) -> str:
    return f"care {care:g}"


def _measured(tasks: Sequence[Task], workers: int, keep: Path | None) -> Iterator[Measured]:
    """Every world; those that were kept are read, the others are measured side by side, each process going on to the next."""
    missing = [task for task in tasks if _kept(task, keep) is None]
    yield from (one for task in tasks if (one := _kept(task, keep)) is not None)
    for task, one in zip(missing, side_by_side(measure, missing, workers), strict=True):
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            _file(task, keep).write_bytes(msgspec.json.encode(one))
        yield one


def _file(task: Task, keep: Path) -> Path:
    return keep / f"{task.condition.replace(' ', '_').replace(',', '').replace('%', 'pct')}-{task.parameters.seed}.json"


def _kept(task: Task, keep: Path | None) -> Measured | None:
    if keep is None or not _file(task, keep).exists():
        return None
    return msgspec.json.decode(_file(task, keep).read_bytes(), type=Measured)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m evals.people", description="Who is found, and who is wrongly named.")
    add_worlds(parser, SEEDS)
    parser.add_argument("--nulls", type=int, default=len(NULL_SEEDS), help="how many honest worlds")
    parser.add_argument("--attacks", type=int, default=5, help="of the seeds so many for each step of the attacker")
    parser.add_argument("--looks", type=int, default=80, help="how many honest worlds are audited every month of their year")
    parser.add_argument("--quick", action="store_true", help="two seeds")
    parser.add_argument("--keep", type=Path, help="a folder for every world's answer, to go on with later")
    parser.add_argument("--no-more", action="store_true", help="make no more worlds: report those that are kept")
    add_outputs(parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
