"""The people who work here: the roster, who is on duty when, their sessions, and their sign-ins."""

from dataclasses import dataclass

import numpy as np

from beleg.world.book import Book, Stamp
from beleg.world.columns import Flags, Floats, Hashes, Hex, Ints, Key, Word, digest, share_of
from beleg.world.draws import DAY, HOUR, MINUTE, Draws
from beleg.world.parameters import WorldParameters
from beleg.world.rings import STRANGERS

SITES = ("TAC1", "CHA2", "DFW3", "HQ1")
SITE_POSTCODE = np.array([98421, 37416, 75261, 10018])
SITE_OFFSET = np.array([-480, -300, -360, -300])
ROLES = ("receiving", "inspection", "put_away", "refunds", "support")
RECEIVING, INSPECTION, PUT_AWAY, REFUNDS, SUPPORT = range(5)
OFFICE = 3
_TEAMS = tuple(f"{role}-{half}" for role in ROLES for half in "ab")
_SHIFTS = ("early", "late")
_OPENS, _SHIFT = 6 * HOUR, 8 * HOUR


@dataclass(frozen=True)
class People:
    """One entry per person; `second` is a further login of theirs, or -1."""

    site: Ints
    role: Ints
    shift: Ints
    rest: Ints
    trainee: Flags
    second: Ints


@dataclass(frozen=True)
class Custom:
    """Who of those on duty it falls to, per act: the one at a place from 0 to 1, or below 0 anybody of so large a part."""

    place: Floats
    among: Floats | float = 1.0


class Staff:
    """The roster and the questions that everybody who writes a warehouse fact asks of it."""

    def __init__(self, parameters: WorldParameters, start: int) -> None:
        self._parameters, self._start = parameters, start
        self._seed = parameters.seed
        draws = Draws(parameters.seed, 4)
        self.people = self._hire(parameters, draws)
        self._roster = self._on_duty()
        self.insiders = self._choose(draws, np.flatnonzero(self.people.role == RECEIVING), parameters.insiders)
        rest = np.setdiff1d(np.flatnonzero(self.people.role == RECEIVING), self.insiders)
        self.victims = self._choose(draws, rest, 3)
        doubles = np.flatnonzero((self.people.second >= 0) & (self.people.site != OFFICE))
        self.soloists = self._choose(draws, np.setdiff1d(doubles, self.victims), 2)
        self._bribe(parameters, np.concatenate([self.insiders, self.victims, self.soloists]))

    @staticmethod
    def _hire(parameters: WorldParameters, draws: Draws) -> People:
        posts = [(s, r) for s in range(OFFICE) for r in (RECEIVING, INSPECTION, PUT_AWAY)] + [(OFFICE, REFUNDS), (OFFICE, SUPPORT)]
        heads = (parameters.receivers, parameters.inspectors, parameters.stowers, parameters.refund_desk, parameters.supporters)
        rows = [(s, r, shift) for s, r in posts for shift in (0, 1) for _ in range(max(3, heads[r]))]
        site, role, shift = (np.array(column) for column in zip(*rows, strict=True))
        n = len(rows)
        double = draws.chance(parameters.second_login, n)
        double[draws.shuffled(np.flatnonzero(role == RECEIVING))[:2]] = True
        second = np.where(double, n + np.cumsum(double) - 1, -1)
        return People(site, role, shift, np.arange(n) % 7, draws.chance(parameters.trainee_share, n), second)

    @staticmethod
    def _choose(draws: Draws, among: Ints, number: int) -> Ints:
        return draws.shuffled(among)[: max(1, number)]

    def _bribe(self, parameters: WorldParameters, busy: Ints) -> None:
        """Give every ring its insiders at different sites, one whose login it steals, and a pair at the refund desk."""
        draws, rings, people = Draws(parameters.seed, 21), parameters.crooked(parameters.rings), self.people
        free = np.setdiff1d(np.flatnonzero(people.role == RECEIVING), busy)
        if len(free) < rings * (parameters.ring_insiders + 1):
            raise ValueError(f"{rings} rings with {parameters.ring_insiders} insiders each need more receivers than there are left")
        taken: list[int] = []
        start = draws.span(0, OFFICE, max(rings, 1))
        for ring in range(rings):
            for place in range(parameters.ring_insiders + 1):
                here = np.setdiff1d(free[people.site[free] == (start[ring] + place) % OFFICE], np.array(taken, dtype=np.int64))
                taken.append(int(draws.shuffled(here if len(here) else np.setdiff1d(free, np.array(taken)))[0]))
        chosen = np.array(taken, dtype=np.int64).reshape(rings, parameters.ring_insiders + 1)
        self.ring_insiders, self.ring_victims = chosen[:, : max(1, parameters.ring_insiders)], chosen[:, -1]
        desk = draws.shuffled(np.flatnonzero(people.role == REFUNDS))
        helpers = draws.shuffled(np.flatnonzero(people.role == SUPPORT))
        ours = np.arange(rings)
        self.pairs = np.stack([helpers[ours % len(helpers)], desk[1 + ours % (len(desk) - 1)]], axis=1)
        self.padder = int(desk[0])

    def _on_duty(self) -> tuple[Ints, Ints]:
        """Who works per group and day of the week, padded, and how many they are; those who are new come last."""
        group = self._group(self.people.site, self.people.shift, self.people.role)
        table = np.zeros((40, 7, int(np.bincount(group).max())), dtype=np.int64)
        count = np.zeros((40, 7), dtype=np.int64)
        for weekday in range(7):
            here = np.flatnonzero((weekday + self.people.rest) % 7 < 5)
            for person in here[np.argsort(self.people.trainee[here], kind="stable")]:
                table[group[person], weekday, count[group[person], weekday]] = person
                count[group[person], weekday] += 1
        return table, count

    def first_on_duty(self) -> Ints:
        """The receivers who come first on some day's list."""
        table, count = self._roster
        return np.intersect1d(table[..., 0][count > 0], np.flatnonzero(self.people.role == RECEIVING))

    @staticmethod
    def _group(site: Ints, shift: Ints, role: Ints) -> Ints:
        return (site * 2 + shift) * len(ROLES) + role

    def local(self, site: Ints, when: Ints) -> tuple[Ints, Ints]:
        """The site's own day number and the time within that day, in microseconds."""
        clock = when + SITE_OFFSET[site] * MINUTE
        return clock // DAY, clock % DAY

    def opening(self, site: Ints, when: Ints, draws: Draws) -> Ints:
        """The instant itself while the site is open, else some time in the first hours of its next working day."""
        _, clock = self.local(site, when)
        late = np.where(clock < _OPENS, _OPENS - clock, DAY + _OPENS - clock) + draws.span(0, 3 * HOUR, len(when))
        closed = (clock < _OPENS) | (clock >= _OPENS + 2 * _SHIFT)
        return np.where(closed, when + late, when)

    def on_duty(self, site: Ints, role: int, when: Ints, draws: Draws, custom: Custom | None = None) -> Ints:
        """Somebody of this role who works at the site then; the instant must lie within opening hours.

        Now and then a receiver stays on from the early shift.
        """
        day, clock = self.local(site, when)
        n = len(when)
        shift = (clock >= _OPENS + _SHIFT).astype(np.int64)
        stays = (shift == 1) & (share_of(digest(self._seed, "overtime", when, site)) < 2 * self._parameters.overtime)
        group = self._group(site, np.where(stays & (role == RECEIVING), 0, shift), np.full(n, role))
        table, count = self._roster
        share = draws.evenly(n)
        share = share ** (1 + self._parameters.unequal_queues * (role == RECEIVING))
        if custom is not None:
            share = np.where(custom.place >= 0, custom.place, share * custom.among)
        chosen: Ints = table[group, day % 7, (share * count[group, day % 7]).astype(np.int64)]
        return chosen

    def next_shift(self, person: Ints, when: Ints, draws: Draws) -> Ints:
        """Some time in the first shift of this person that has more than an hour left then."""
        site = self.people.site[person]
        day, clock = self.local(site, when)
        begins = _OPENS + self.people.shift[person] * _SHIFT
        found = np.full(len(when), -1)
        for ahead in range(8):
            works = (day + ahead + self.people.rest[person]) % 7 < 5
            soon = works & ((ahead > 0) | (clock < begins + _SHIFT - HOUR)) & (found < 0)
            found[soon] = ahead
        earliest = np.where(found == 0, np.maximum(clock, begins), begins)
        chosen = earliest + (draws.evenly(len(when)) * (begins + _SHIFT - earliest)).astype(np.int64)
        then: Ints = (day + found) * DAY + chosen - SITE_OFFSET[site] * MINUTE
        return then

    def closing(self, person: Ints, when: Ints, draws: Draws) -> Ints:
        """Some time in the two hours after the end of the shift of the early ones."""
        site = self.people.site[person]
        day, _ = self.local(site, when)
        late = _OPENS + _SHIFT + draws.span(20 * MINUTE, 2 * HOUR, len(when))
        then: Ints = day * DAY + late - SITE_OFFSET[site] * MINUTE
        return then

    def login(self, person: Ints, draws: Draws) -> Ints:
        """The login that the person uses this time; -1 for nobody."""
        second = self.people.second[person]
        return np.where((second >= 0) & draws.chance(0.3, len(person)) & (person >= 0), second, person)

    def owner(self, login: Ints) -> Ints:
        """The person whose login it is."""
        doubles = np.flatnonzero(self.people.second >= 0)
        extra = np.concatenate([np.arange(len(self.people.site)), doubles])
        return np.where(login >= 0, extra[login], -1)

    def session(self, login: Ints, when: Ints) -> Hashes:
        """The session the login works in that day; 0 for nobody. At night it is another one."""
        site = self.people.site[self.owner(login)]
        day, clock = self.local(site, when)
        night = (clock < _OPENS - HOUR) | (clock > _OPENS + 2 * _SHIFT + HOUR)
        return np.where(login >= 0, digest(self._seed, "session", login, day * 2 + night), 0).astype(np.uint64)

    def station(self, site: Ints, login: Ints, when: Ints, moved: Flags | None = None) -> Key:
        """The work place of the login that day, or another one for a while."""
        day, _ = self.local(site, when)
        place = (share_of(digest(self._seed, "station", login, day)) * 24).astype(np.int64)
        place = place if moved is None else np.where(moved, (place + 7) % 24, place)
        return Key("ST-", site * 100 + place, 3, plain=True)

    # -- the facts ---------------------------------------------------------------------------------------------------------------

    def write(self, book: Book, days: int) -> None:
        """Write the roster and the sign-ins of the whole window."""
        draws = Draws(self._seed, 5)
        self._write_roster(book, draws)
        first = self._start // DAY
        for low in range(0, days + 1, 60):
            self._write_sign_ins(book, draws, np.arange(first + low, first + min(days + 1, low + 60)))

    def _write_roster(self, book: Book, draws: Draws) -> None:
        people = self.people
        login = np.concatenate([np.arange(len(people.site)), people.second[people.second >= 0]])
        who = self.owner(login)
        since = self._start - draws.span(20 * DAY, 2_000 * DAY, len(login))
        since = np.where(people.trainee[who], self._start - draws.span(DAY, 15 * DAY, len(login)), since)
        table, _ = self._roster
        lead = table[self._group(people.site, people.shift, people.role), 0, 0][who]
        book.add(
            "staff", Stamp(since, "roster", recorded=since),
            login=login_key(login), person=person_key(who), team=Word(_TEAMS, people.role[who] * 2 + who % 2),
            site=Word(SITES, people.site[who]),
            role=Word(ROLES, people.role[who]), shift=Word(_SHIFTS, people.shift[who]),
            manager=person_key(np.where(lead == who, -1, lead)), valid_from=since,
            contact=Hex(digest(self._seed, "contact", who)),
        )  # fmt: skip
        self._write_leavers(book, draws)

    def _write_leavers(self, book: Book, draws: Draws) -> None:
        """Those who left: one behind every ring, and as many honest ones, all of them at one time or another receivers."""
        count = self._parameters.crooked(self._parameters.rings)
        who = STRANGERS + np.arange(count + 6)
        # Behind a ring stands a former colleague of its first insider.
        near = np.concatenate([self.ring_insiders[:, 0], draws.shuffled(np.flatnonzero(self.people.role == RECEIVING))[:6]])
        since = self._start - draws.span(400 * DAY, 1_500 * DAY, len(who))
        left = self._start - draws.span(5 * DAY, 150 * DAY, len(who))
        book.add(
            "staff", Stamp(since, "roster", recorded=since), login=login_key(who), person=person_key(who),
            team=Word(_TEAMS, near % 2), site=Word(SITES, self.people.site[near]), role="receiving",
            shift=Word(_SHIFTS, self.people.shift[near]),
            manager=person_key(np.full(len(who), -1)), valid_from=since, valid_to=left,
            contact=Hex(digest(self._seed, "contact", who)),
        )  # fmt: skip

    def _write_sign_ins(self, book: Book, draws: Draws, days: Ints) -> None:
        login = np.concatenate([np.arange(len(self.people.site)), self.people.second[self.people.second >= 0]])
        who, day = np.repeat(login, len(days)), np.tile(days, len(login))
        person = self.owner(who)
        begins = day * DAY + _OPENS + self.people.shift[person] * _SHIFT - SITE_OFFSET[self.people.site[person]] * MINUTE
        works = ((day + self.people.rest[person]) % 7 < 5) & (begins >= self._start)
        who, begins = who[works], begins[works]
        self._sign(book, draws, (who, begins), begins - draws.span(2 * MINUTE, 15 * MINUTE, len(who)), "logon")
        self._sign(book, draws, (who, begins), begins + _SHIFT + draws.span(MINUTE, 15 * MINUTE, len(who)), "logoff")
        for activity, share in (("failed", self._parameters.failed_sign_in), ("factor_added", self._parameters.factor_changed),
                                ("password_reset", self._parameters.factor_changed)):  # fmt: skip
            rows = draws.chance(share, len(who))
            when = begins[rows] - draws.span(16 * MINUTE, 25 * MINUTE, int(rows.sum()))
            self._sign(book, draws, (who[rows], begins[rows]), when, activity)

    def _sign(self, book: Book, draws: Draws, shift: tuple[Ints, Ints], when: Ints, activity: str) -> None:
        login, begins = shift
        site = self.people.site[self.owner(login)]
        device = np.where(site == OFFICE, digest(self._seed, "desktop", login), digest(self._seed, "gun", site, login % 40))
        replaced = share_of(digest(self._seed, "replaced", login, begins)) < self._parameters.device_replaced
        device = np.where(replaced, digest(self._seed, "spare", login, begins), device).astype(np.uint64)
        book.add(
            "staff_sign_ins", Stamp(when, "identity", recorded=when),
            login=login_key(login), session=Hex(self.session(login, begins), "ses-"), activity=activity, device=Hex(device),
            network=Hex(digest(self._seed, "network", site)), site=Word(SITES, site), station=self.station(site, login, begins),
            badge=~draws.chance(self._parameters.badge_missing, len(login)),
        )  # fmt: skip


def login_key(login: Ints) -> Key:
    """The login's name; empty for nobody."""
    return Key("u", login, 10)


def person_key(person: Ints) -> Key:
    """The person's pseudonym; empty for nobody."""
    return Key("per-", person, 10)
