"""Currencies, amounts, quantities and exact rounding.  Integers and Fractions only."""
import csv
import os
from fractions import Fraction

_HERE = os.path.dirname(os.path.abspath(__file__))

with open(os.path.join(_HERE, "currencies.csv"), newline="", encoding="ascii") as _f:
    EXPONENT = {row["code"]: int(row["exponent"]) for row in csv.DictReader(_f)}

MAX_MONEY = 10 ** 15
QUANTITY_SCALE = 10 ** 6


def amount(minor, currency):
    """Minor units as a decimal string in the currency's own decimals."""
    e = EXPONENT[currency]
    sign = "-" if minor < 0 else ""
    digits = str(abs(minor))
    if e == 0:
        return sign + digits
    digits = digits.rjust(e + 1, "0")
    return sign + digits[:-e] + "." + digits[-e:]


def quantity(text):
    """A decimal quantity as an integer number of millionths."""
    whole, _, frac = text.partition(".")
    return int(whole) * QUANTITY_SCALE + int((frac + "000000")[:6])


def show_quantity(q):
    """Millionths in the shortest decimal form."""
    sign = "-" if q < 0 else ""
    whole, frac = divmod(abs(q), QUANTITY_SCALE)
    text = str(whole)
    if frac:
        text += "." + ("%06d" % frac).rstrip("0")
    return sign + text


def round_half_away(x, decimals=0):
    """A Fraction to an integer number of 10**-decimals, half away from zero."""
    x = Fraction(x) * 10 ** decimals
    n, d = abs(x.numerator), x.denominator
    r = (2 * n + d) // (2 * d)
    return -r if x < 0 else r


def fixed(x, decimals):
    """A Fraction as a decimal string with that many decimals."""
    r = round_half_away(x, decimals)
    sign = "-" if r < 0 else ""
    digits = str(abs(r)).rjust(decimals + 1, "0")
    if decimals == 0:
        return sign + digits
    return sign + digits[:-decimals] + "." + digits[-decimals:]
