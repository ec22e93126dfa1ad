# SPDX-License-Identifier: Apache-2.0
"""Local time (section 10): zones, civil days and calendar periods.

An instant is an int of milliseconds since 1970 in UTC. A wall time is an int of milliseconds that a
clock on the wall shows, counted as if it were UTC. A day is a number of days since 1970-01-01."""
import datetime
import re
import zoneinfo

DAY = 86_400_000
UNITS = ("day", "week", "month", "quarter", "year")
EXACT_UNITS = {"minute": 60_000, "hour": 3_600_000, "day": DAY, "week": 7 * DAY}
MONTH_UNITS = {"month": 1, "quarter": 3, "year": 12}
MONTH_NAMES = ["January", "February", "March", "April", "May", "June", "July", "August",
               "September", "October", "November", "December"]
EPOCH = datetime.date(1970, 1, 1)


class Zone:
    """A rule from instants to offsets; a fixed offset when `seconds` is given."""

    def __init__(self, name=None, seconds=None):
        self.name = name
        self.seconds = seconds
        self.info = None if seconds is not None else zoneinfo.ZoneInfo(name)

    def offset_ms(self, instant):
        if self.info is None:
            return self.seconds * 1000
        whole = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(seconds=instant // 1000)
        return int(whole.astimezone(self.info).utcoffset().total_seconds()) * 1000

    def wall(self, instant):
        return instant + self.offset_ms(instant)

    def day(self, instant):
        return self.wall(instant) // DAY

    def instant(self, wall):
        """The earlier instant where local time repeats, the first one after a gap."""
        offsets = {self.offset_ms(wall - 2 * DAY), self.offset_ms(wall - DAY // 2), self.offset_ms(wall),
                   self.offset_ms(wall + DAY // 2), self.offset_ms(wall + 2 * DAY)}
        fitting = [wall - offset for offset in offsets if self.offset_ms(wall - offset) == offset]
        if fitting:
            return min(fitting)
        low, high = wall - max(offsets) - 1, wall - min(offsets)
        while high - low > 1:  # the first instant that shows at least this wall time
            middle = (low + high) // 2
            if self.wall(middle) >= wall:
                high = middle
            else:
                low = middle
        return high

    def first_of(self, day):
        return self.instant(day * DAY)


UTC = Zone(seconds=0)
_zones = {}


def named_zone(name):
    if name == "UTC":
        return UTC
    if name not in _zones:
        _zones[name] = Zone(name=name)
    return _zones[name]


def day_number(year, month, day):
    return (datetime.date(year, month, day) - EPOCH).days


def date_of(day):
    return EPOCH + datetime.timedelta(days=day)


def add_months(day, months, month_end):
    """month_end: "last day" or "first of next month"."""
    date = date_of(day)
    index = date.year * 12 + date.month - 1 + months
    year, month = divmod(index, 12)
    try:
        return day_number(year, month + 1, date.day)
    except ValueError:
        first_of_next = day_number((index + 1) // 12, (index + 1) % 12 + 1, 1)
        return first_of_next if month_end == "first of next month" else first_of_next - 1


def add_units(day, unit, count, month_end):
    if unit == "day":
        return day + count
    if unit == "week":
        return day + 7 * count
    return add_months(day, count * MONTH_UNITS[unit], month_end)


def period_start(day, unit):
    date = date_of(day)
    if unit == "day":
        return day
    if unit == "week":
        return day - date.weekday()
    if unit == "month":
        return day_number(date.year, date.month, 1)
    if unit == "quarter":
        return day_number(date.year, (date.month - 1) // 3 * 3 + 1, 1)
    return day_number(date.year, 1, 1)


def next_period(start, unit, count=1):
    """The period that begins `count` periods after the one beginning on day `start`."""
    return add_units(start, unit, count, "last day")


def parse_day(text):
    match = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", text)
    if not match:
        return None
    try:
        return day_number(*(int(part) for part in match.groups()))
    except ValueError:
        return None


def parse_instant(text, zone):
    """(instant, offset in seconds) of RFC 3339 text or of a day (its first instant in `zone`)."""
    day = parse_day(text)
    if day is not None:
        instant = zone.first_of(day)
        return instant, zone.offset_ms(instant) // 1000
    match = re.fullmatch(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", text)
    if not match or parse_day(match[1]) is None:
        raise ValueError(f"not an instant: {text!r}")
    hours, minutes, seconds = int(match[2]), int(match[3]), int(match[4])
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError(f"not an instant: {text!r}")
    fraction = int(((match[5] or ".0")[1:] + "000")[:3])
    offset = 0
    if match[6] not in "Zz":
        offset = (int(match[6][1:3]) * 60 + int(match[6][4:6])) * 60 * (-1 if match[6][0] == "-" else 1)
    wall = parse_day(match[1]) * DAY + ((hours * 60 + minutes) * 60 + seconds) * 1000 + fraction
    return wall - offset * 1000, offset


def show_day(day):
    return date_of(day).isoformat()


def show_instant(instant):
    whole = datetime.datetime(1970, 1, 1) + datetime.timedelta(milliseconds=instant)
    return whole.strftime("%Y-%m-%dT%H:%M:%S") + f".{instant % 1000:03d}Z"


# Deadlines (section 5) -------------------------------------------------------------------------

class Deadline:
    """`kind`: "exact" (amount in ms), "months" (amount), "period" (unit, later, later_unit),
    "month-name" (month 1-12, later in years) or "never"."""

    def __init__(self, kind, amount=0, unit=None, later=0, later_unit=None):
        self.kind, self.amount, self.unit, self.later, self.later_unit = kind, amount, unit, later, later_unit

    def instant(self, at, zone, month_end):
        """None: never. Pauses are not in here."""
        if self.kind == "never":
            return None
        if self.kind == "exact":
            return at + self.amount
        wall = zone.wall(at)
        day, time = divmod(wall, DAY)
        if self.kind == "months":
            return zone.instant(add_months(day, self.amount, month_end) * DAY + time)
        if self.kind == "period":
            if self.later:
                day = add_units(day, self.later_unit, self.later, month_end)
            return zone.first_of(next_period(period_start(day, self.unit), self.unit))
        year = date_of(day).year + self.later
        return zone.first_of(add_months(day_number(year, self.amount, 1), 1, "last day"))

    def stands_still_in_pauses(self):
        return self.kind in ("exact", "months")


def singular(unit):
    return unit[:-1] if unit.endswith("s") else unit


def parse_deadline(text):
    text = text.strip()
    if text == "never":
        return Deadline("never")
    match = re.fullmatch(r"after (\d+) (\w+)", text)
    if match:
        unit = singular(match[2])
        if unit in EXACT_UNITS:
            return Deadline("exact", int(match[1]) * EXACT_UNITS[unit])
        return Deadline("months", int(match[1]) * MONTH_UNITS[unit])
    match = re.fullmatch(r"at the end of the (\w+)(?:, (\d+) (\w+) later)?", text)
    if match and match[1] in UNITS:
        return Deadline("period", unit=match[1], later=int(match[2] or 0), later_unit=singular(match[3] or "day"))
    match = re.fullmatch(r"at the end of (\w+)(?:, (\d+) years? later)?", text)
    if match and match[1] in MONTH_NAMES:
        return Deadline("month-name", MONTH_NAMES.index(match[1]) + 1, later=int(match[2] or 0))
    raise ValueError(f"not a deadline: {text!r}")


# Review instants (section 8) -------------------------------------------------------------------

def parse_review(text):
    """A predicate over days: is the first instant of this local day a review instant?"""
    match = re.fullmatch(r"each (day|week|month|quarter|year)(?: on day (\d+))?", text)
    if match:
        unit, on_day = match[1], int(match[2] or 1)
        if match[2]:
            return lambda day: date_of(day).day == on_day
        return lambda day: period_start(day, unit) == day
    match = re.fullmatch(r"each (\d+ \w+(?:(?:, | and )\d+ \w+)*)", text)
    if match:
        dates = set()
        for part in re.split(r", | and ", match[1]):
            number, name = part.split()
            dates.add((MONTH_NAMES.index(name) + 1, int(number)))
        return lambda day: (date_of(day).month, date_of(day).day) in dates
    raise ValueError(f"not a review: {text!r}")
