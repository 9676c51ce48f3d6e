package io.daybook.peer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.kafka.common.serialization.Serde;

/** A payment or a credit note: what it is applied to by items, and what is left of it. */
final class Source {
  /** An allocation of an invoice; what is known of that is kept beside it. */
  static final class Item {
    String allocationId = "";
    String invoiceId = "";
    boolean own;  // Of a credit note to the invoice that it names.
    long at;
    long day;
    long offset;
    long amount;
    boolean invoiceKnown;
    boolean currencyFits;
    long invoiceAt;
    long issueDay;
    long voidDay = Figures.NEVER;
    // Worked out by evaluate().
    long from;
    long until;
    boolean counts;
  }

  record Refund(String currency, long day, long offset, long amount) {}

  record Undone(String allocationId, long day) {}

  boolean known;
  boolean isPayment;
  long at;
  long day;
  String currency = "";
  String region = "";
  long net;
  long amount;
  long reversedDay = Figures.NEVER;
  List<Item> items = new ArrayList<>();
  List<Refund> refunds = new ArrayList<>();
  List<Undone> undone = new ArrayList<>();

  /** Which items count, and until when. Each is tested once, in order of date, offset, place. */
  void evaluate() {
    final List<Item> tested = new ArrayList<>();
    for (final Item item : items) {
      item.counts = false;
      if (!known || !item.invoiceKnown || !item.currencyFits) continue;
      long unallocated = Figures.NEVER;
      for (final Undone each : undone) {
        if (!item.own && each.allocationId.equals(item.allocationId)) unallocated = Math.min(unallocated, each.day);
      }
      item.from = Math.max(Math.max(item.day, day), item.issueDay);
      final long gone = Math.min(reversedDay, item.voidDay);
      item.until = Math.min(unallocated, gone);
      if (unallocated >= item.from && gone > item.from) tested.add(item);
    }
    tested.sort(Comparator.<Item>comparingLong(item -> item.from)
        .thenComparing(item -> !item.own).thenComparingLong(item -> item.offset));
    for (final Item item : tested) {
      long left = amount;
      for (final Item other : tested) {
        if (other == item) break;
        if (other.counts && other.until > item.from) left -= other.amount;
      }
      for (final Refund refund : refunds) {
        final boolean before = refund.day < item.from
            || refund.day == item.from && !item.own && refund.offset < item.offset;
        if (before && refund.currency.equals(currency)) left -= refund.amount;
      }
      item.counts = item.amount <= left;
    }
  }

  /** In effect today. */
  static boolean inEffect(Item item) {
    return item.counts && item.until == Figures.NEVER;
  }

  /** Of evaluated items. */
  Figures figures() {
    final Figures figures = new Figures();
    if (known) {
      final String kind = isPayment ? "unapplied|" : "open_credits|";
      long left = reversedDay == Figures.NEVER ? amount : 0;
      for (final Item item : items) {
        if (inEffect(item)) left -= item.amount;
      }
      Figures.add(figures.totals, kind + currency, left);
      if (isPayment) {
        figures.sell(region, day, currency, "collected", amount);
        if (reversedDay != Figures.NEVER) figures.sell(region, reversedDay, currency, "collected", -amount);
      } else {
        figures.sell(region, day, currency, "invoiced", -net);
      }
    }
    for (final Refund refund : refunds) {
      final boolean inSequence = known && refund.currency.equals(currency);
      final String kind = inSequence && !isPayment ? "open_credits|" : "unapplied|";
      Figures.add(figures.totals, kind + refund.currency, -refund.amount);
      figures.sell(region, refund.day, refund.currency, "collected", -refund.amount);
    }
    return figures;
  }

  static final Serde<Source> SERDE = Coding.serde((source, to) -> {
    to.flag(source.known);
    to.flag(source.isPayment);
    to.number(source.at);
    to.number(source.day);
    to.text(source.currency);
    to.text(source.region);
    to.number(source.net);
    to.number(source.amount);
    to.number(source.reversedDay);
    to.list(source.items, (item, each) -> {
      each.text(item.allocationId);
      each.text(item.invoiceId);
      each.flag(item.own);
      each.number(item.at);
      each.number(item.day);
      each.number(item.offset);
      each.number(item.amount);
      each.flag(item.invoiceKnown);
      each.flag(item.currencyFits);
      each.number(item.invoiceAt);
      each.number(item.issueDay);
      each.number(item.voidDay);
    });
    to.list(source.refunds, (refund, each) -> {
      each.text(refund.currency);
      each.number(refund.day);
      each.number(refund.offset);
      each.number(refund.amount);
    });
    to.list(source.undone, (undone, each) -> {
      each.text(undone.allocationId);
      each.number(undone.day);
    });
  }, from -> {
    final Source source = new Source();
    source.known = from.flag();
    source.isPayment = from.flag();
    source.at = from.number();
    source.day = from.number();
    source.currency = from.text();
    source.region = from.text();
    source.net = from.number();
    source.amount = from.number();
    source.reversedDay = from.number();
    source.items = from.list(each -> {
      final Item item = new Item();
      item.allocationId = each.text();
      item.invoiceId = each.text();
      item.own = each.flag();
      item.at = each.number();
      item.day = each.number();
      item.offset = each.number();
      item.amount = each.number();
      item.invoiceKnown = each.flag();
      item.currencyFits = each.flag();
      item.invoiceAt = each.number();
      item.issueDay = each.number();
      item.voidDay = each.number();
      return item;
    });
    source.refunds = from.list(each -> new Refund(each.text(), each.number(), each.number(), each.number()));
    source.undone = from.list(each -> new Undone(each.text(), each.number()));
    return source;
  });
}
