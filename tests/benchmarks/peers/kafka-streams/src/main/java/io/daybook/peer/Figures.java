package io.daybook.peer;

import java.math.BigInteger;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.Map;

/** Sums by cell: what documents contribute, and what changes when they do. */
final class Figures {
  static final long NEVER = Long.MAX_VALUE;
  static final int QUANTITY_PLACES = 6;

  /** Totals: "unapplied|CNY". Ageing: "CNY|19723". Sales: "EU/DE|2024-03|EUR|ordered". */
  final Map<String, Long> totals = new HashMap<>();
  final Map<String, Long> ageing = new HashMap<>();
  final Map<String, Long> sales = new HashMap<>();
  /** "placed..paid|2024-03|" and a length in seconds, of so many orders. */
  final Map<String, Long> cycles = new HashMap<>();

  void add(Figures other, int sign) {
    add(totals, other.totals, sign);
    add(ageing, other.ageing, sign);
    add(sales, other.sales, sign);
    add(cycles, other.cycles, sign);
  }

  void sell(String region, long day, String currency, String measure, long amount) {
    if (amount != 0) add(sales, (region.isEmpty() ? "unassigned" : region) + '|' + month(day) + '|' + currency + '|' + measure, amount);
  }

  static void add(Map<String, Long> to, String key, long amount) {
    to.merge(key, amount, Long::sum);
  }

  private static void add(Map<String, Long> to, Map<String, Long> from, int sign) {
    from.forEach((key, amount) -> add(to, key, sign * amount));
  }

  static long day(String date) {
    return LocalDate.of(Integer.parseInt(date, 0, 4, 10), Integer.parseInt(date, 5, 7, 10),
        Integer.parseInt(date, 8, 10, 10)).toEpochDay();
  }

  static long dayOf(long instant) {
    return Math.floorDiv(instant, 86_400L);
  }

  static String month(long day) {
    final LocalDate date = LocalDate.ofEpochDay(day);
    final int month = date.getMonthValue();
    return date.getYear() + (month < 10 ? "-0" : "-") + month;
  }

  /** "12.5" -> 12500000. */
  static long quantity(String text) {
    final int point = text.indexOf('.');
    if (point < 0) return Long.parseLong(text) * 1_000_000;
    long value = Long.parseLong(text, 0, point, 10);
    final int places = text.length() - point - 1;
    for (int i = 0; i < places; i++) value = value * 10 + text.charAt(point + 1 + i) - '0';
    for (int i = places; i < QUANTITY_PLACES; i++) value *= 10;
    return value;
  }

  /** ⌊a × b ÷ c⌋, exactly. */
  static long part(long a, long b, long c) {
    if (Math.multiplyHigh(a, b) == 0 && a * b >= 0) return a * b / c;
    return BigInteger.valueOf(a).multiply(BigInteger.valueOf(b)).divide(BigInteger.valueOf(c)).longValueExact();
  }
}
