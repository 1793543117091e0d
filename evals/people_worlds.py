"""The worlds in which people and rings are looked for: what each differs in, the attackers who learn, and the honest ones."""

from collections.abc import Mapping

from msgspec.structs import replace

from beleg.world import WorldParameters

# Seeds of the tables; thresholds of detectors were looked at on others.
SEEDS = tuple(range(201, 221))
NULL_SEEDS = tuple(range(3001, 3401))
ORDERS, NULL_ORDERS = 20_000, 6_000

# Audits within the year, as shares of it: what was named by when. The last is the year's end.
CUTS = (0.4, 0.6, 0.8, 1.0)
# Who runs the service is audited again and again, at nearly the same facts each time: honest worlds looked at so often.
LOOKS = tuple(round(look / 12, 4) for look in range(1, 13))
# The attacker is met by an audit every half year.
ATTACK_CUTS = (0.5, 1.0)

CONDITIONS: Mapping[str, Mapping[str, object]] = {
    "as it comes": {},
    "large ring": {"ring_size": (50, 80), "ring_insiders": 4, "ring_frauds": 2.0},
    "five small rings": {"rings": 5, "ring_size": (4, 7), "ring_entities": 5, "ring_insiders": 1},
    "sparse ring": {"ring_density": 0.25},
    "random camouflage": {"camouflage": "random", "camouflage_volume": 2.0},
    "biased camouflage": {"camouflage": "biased", "camouflage_volume": 2.0},
    "hijacked accounts": {"camouflage": "hijacked", "lending": 1.0},
    "no ring": {"rings": 0},
    "5 % missing, 5 % late": {"scan_missing": 0.05, "scan_late": 0.05, "dock_missing": 0.02},
    "crowded and uneven": {
        "family_share": 0.15, "dorm_share": 0.05, "office_share": 0.06, "forwarder_share": 0.03, "network_share": 0.10,
        "unequal_queues": 1.5, "recontact_share": 0.5, "campaign_days": 10, "reseller_orders": 0.03, "viral_share": 0.3,
    },
}  # fmt: skip
TIMED = "as it comes"

_LOSSES = {"not_received": 3.0, "empty_box": 2.0, "stalled_return": 2.0, "return_to_sender": 1.0}
# An attacker who has read the code, in steps; each keeps what it learned before. The number of frauds stays about the same.
ATTACK: Mapping[str, Mapping[str, object]] = {
    "as it comes": {"ring_size": (20, 20), "ring_frauds": 3.0},
    "shares less": {"ring_density": 0.15, "lending": 0.2, "banned": 0.0, "artefacts": 0.0},
    "hides": {"camouflage": "biased", "camouflage_volume": 3.0, "vouch_share": 0.0},
    "spreads": {
        "ring_size": (60, 60),
        "ring_frauds": 1.0,
        "ring_insiders": 8,
        "directed": 0.06,
        "off_shift": 0.0,
        "ring_desk": 0.1,
    },
    "leaves no contradiction": {"ring_mix": _LOSSES, "lending": 0.0, "ring_density": 0.05, "ring_desk": 0.0},
    "takes small goods": {"ring_dear": 0.1},
}

# A ring that has learned all but the last two, by how many of its refunds leave no contradiction: the dial of a curve.
CARE = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_BEFORE_CARE = "spreads"

# What makes honest shops look guilty, each once plain and once strong; the null worlds take turns.
NULLS: tuple[Mapping[str, object], ...] = (
    {},
    {"unequal_queues": 1.5, "problem_desk": 1.0},
    {"trainee_share": 0.25, "trainee_keyed": 0.4, "campaign_days": 8},
    {"carrier_outage_days": 4, "carrier_outage_length": 6, "broken_scanner_days": 12, "scan_missing": 0.05, "dock_missing": 0.03},
    {"recontact_share": 0.6, "common_phrases": 0.5, "new_device": 0.1},
    {"family_share": 0.15, "dorm_share": 0.06, "office_share": 0.08, "forwarder_share": 0.04, "network_share": 0.12},
    {"reseller_orders": 0.04, "reseller_returns": 0.5, "viral_share": 0.4, "moving_rate": 0.1},
    {"senior_dear": 0.9, "overtime": 0.1, "station_change": 0.1, "unqueued_share": 0.15, "device_replaced": 0.01},
)


def planted(condition: str, seed: int, orders: int = ORDERS) -> WorldParameters:
    """The world of this condition and seed."""
    return replace(WorldParameters(seed=seed, orders=orders), **CONDITIONS[condition])


def attacked(step: str, seed: int, orders: int = ORDERS) -> WorldParameters:
    """The world of an attacker who has learned everything up to this step."""
    names = list(ATTACK)
    learned: dict[str, object] = {}
    for name in names[: names.index(step) + 1]:
        learned |= ATTACK[name]
    return replace(WorldParameters(seed=seed, orders=orders), **learned)


def careful(care: float, seed: int, orders: int = ORDERS) -> WorldParameters:
    """The world of an attacker of whose refunds this share leaves no contradiction; it shares less, hides and spreads besides."""
    spread = attacked(_BEFORE_CARE, seed, orders)
    mixes = ((1 - care, spread.ring_mix), (care, _LOSSES))
    mix = {name: 0.0 for _, one in mixes for name in one}
    for part, one in mixes:
        for name, weight in one.items():
            mix[name] += part * weight / sum(one.values())
    return replace(spread, ring_mix=mix)


def honest(seed: int, orders: int = NULL_ORDERS) -> WorldParameters:
    """A world in which nobody cheats; the seed says which of the oddities it has."""
    return replace(WorldParameters(seed=seed, orders=orders, fraud=False), **NULLS[seed % len(NULLS)])
