"""Published exchange rates: the last on or before a date, no inverse and no cross rates."""
from bisect import bisect_right
from fractions import Fraction

from .dates import parse_date
from .money import EXPONENT, round_half_away


class Rates:
    def __init__(self, facts):
        holds = {}      # (currency, base, date) -> the record that holds
        for r in facts.rates:
            k = (r.p["currency"], r.p["base_currency"], parse_date(r.p["date"]))
            if k not in holds or r.order > holds[k].order:
                holds[k] = r
        self.days = {}      # (currency, base) -> rising dates, and the rates of these
        for cur, base, day in sorted(holds):
            days, rates = self.days.setdefault((cur, base), ([], []))
            days.append(day)
            rates.append(Fraction(holds[cur, base, day].p["rate"]))

    def rate(self, cur, base, day):
        """Base per one unit of the currency, None where none is published."""
        if cur == base:
            return Fraction(1)
        days, rates = self.days.get((cur, base), ((), ()))
        i = bisect_right(days, day)
        return rates[i - 1] if i else None

    def convert(self, n, cur, base, day):
        """Minor units of the base, rounded half away from zero, or None."""
        x = self.rate(cur, base, day)
        if x is None:
            return None
        return round_half_away(Fraction(n, 10 ** EXPONENT[cur]) * x * 10 ** EXPONENT[base])
