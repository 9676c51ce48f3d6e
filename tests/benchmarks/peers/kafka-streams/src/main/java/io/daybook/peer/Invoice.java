package io.daybook.peer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.Serde;

/** An invoice: what it is worth, what was applied to it, what is open by due day. */
final class Invoice {
  record Instalment(long dueDay, long amount) {}

  record WriteOff(String id, long at, long amount, boolean smallDifference) {}

  record Recovery(String writeOffId, long at, long day, long offset, long amount) {}

  /** What a source has applied, in effect. */
  record Application(String source, long instant, long amount) {}

  boolean known;
  boolean debitNote;
  long at;
  long issueDay;
  String currency = "";
  String ownRegion = "";
  String region = "";  // Its own, that of its first order that has one, or that of the customer file.
  long net;
  long gross;
  long lastDue;
  List<Instalment> instalments = new ArrayList<>();
  List<String> orderIds = new ArrayList<>();
  /** The last change of its due date; at 0: none. */
  long movedAt;
  long movedOffset;
  long movedTo;
  long voidDay = Figures.NEVER;
  List<WriteOff> writeOffs = new ArrayList<>();
  List<Recovery> recoveries = new ArrayList<>();
  List<Application> applications = new ArrayList<>();
  /** Payments and credit notes that name it. */
  List<String> sources = new ArrayList<>();

  boolean isVoid() {
    return voidDay != Figures.NEVER;
  }

  void dueBy(long day) {
    lastDue = day;
    instalments.clear();
    if (gross > 0) instalments.add(new Instalment(day, gross));
  }

  Figures figures() {
    final Figures figures = new Figures();
    if (!known) return figures;
    figures.sell(region, issueDay, currency, "invoices", 1);
    figures.sell(region, issueDay, currency, "invoiced", net);
    if (isVoid()) figures.sell(region, Math.max(voidDay, issueDay), currency, "invoiced", -net);
    long settled = 0;
    for (final Application application : applications) settled += application.amount;
    for (final WriteOff writeOff : writeOffs) settled += writeOff.amount;
    for (final Recovery recovery : countedRecoveries()) settled -= recovery.amount;
    final long worth = isVoid() ? 0 : gross;
    if (settled > worth) Figures.add(figures.totals, "open_credits|" + currency, settled - worth);
    long rest = Math.max(0, worth - settled);
    if (rest == 0) return figures;
    Figures.add(figures.totals, "open|" + currency, rest);
    // Settled in due-date order: what is open is the tail.
    final long shift = movedAt == 0 ? 0 : movedTo - lastDue;
    final List<Instalment> byDue = new ArrayList<>(instalments);
    byDue.sort(Comparator.comparingLong(Instalment::dueDay));
    for (int i = byDue.size() - 1; i >= 0 && rest > 0; i--) {
      final long open = Math.min(rest, byDue.get(i).amount);
      rest -= open;
      Figures.add(figures.ageing, currency + '|' + (byDue.get(i).dueDay + shift), open);
    }
    return figures;
  }

  /** Those that their write-offs still cover, in order of date, offset. */
  private List<Recovery> countedRecoveries() {
    if (recoveries.isEmpty()) return recoveries;
    final List<Recovery> sorted = new ArrayList<>(recoveries);
    sorted.sort(Comparator.comparingLong(Recovery::day).thenComparingLong(Recovery::offset));
    final Map<String, Long> left = new HashMap<>();
    for (final WriteOff writeOff : writeOffs) left.put(writeOff.id, writeOff.amount);
    final List<Recovery> counted = new ArrayList<>();
    for (final Recovery recovery : sorted) {
      final Long rest = left.get(recovery.writeOffId);
      if (rest == null || recovery.amount > rest) continue;
      left.put(recovery.writeOffId, rest - recovery.amount);
      counted.add(recovery);
    }
    return counted;
  }

  /** From when on applications and small differences come to gross or more; NEVER: they do not. */
  long settledAt() {
    if (gross == 0) return at;
    final List<long[]> steps = new ArrayList<>();
    long sum = 0;
    for (final Application application : applications) {
      steps.add(new long[] {application.instant, application.amount});
      sum += application.amount;
    }
    final Map<String, Long> small = new HashMap<>();
    for (final WriteOff writeOff : writeOffs) {
      if (!writeOff.smallDifference) continue;
      steps.add(new long[] {Math.max(at, writeOff.at), writeOff.amount});
      sum += writeOff.amount;
      small.put(writeOff.id, writeOff.at);
    }
    for (final Recovery recovery : countedRecoveries()) {
      final Long writtenOffAt = small.get(recovery.writeOffId);
      if (writtenOffAt == null) continue;
      steps.add(new long[] {Math.max(at, Math.max(writtenOffAt, recovery.at)), -recovery.amount});
      sum -= recovery.amount;
    }
    if (sum < gross) return Figures.NEVER;
    steps.sort(Comparator.comparingLong(step -> step[0]));
    // Back from the end, to the first instant of the last stretch at gross or more.
    for (int i = steps.size(); i > 0;) {
      final long instant = steps.get(i - 1)[0];
      while (i > 0 && steps.get(i - 1)[0] == instant) sum -= steps.get(--i)[1];
      if (sum < gross) return instant;
    }
    return at;
  }

  static final Serde<Invoice> SERDE = Coding.serde((invoice, to) -> {
    to.flag(invoice.known);
    to.flag(invoice.debitNote);
    to.number(invoice.at);
    to.number(invoice.issueDay);
    to.text(invoice.currency);
    to.text(invoice.ownRegion);
    to.text(invoice.region);
    to.number(invoice.net);
    to.number(invoice.gross);
    to.number(invoice.lastDue);
    to.list(invoice.instalments, (instalment, each) -> {
      each.number(instalment.dueDay);
      each.number(instalment.amount);
    });
    to.list(invoice.orderIds, (id, each) -> each.text(id));
    to.number(invoice.movedAt);
    to.number(invoice.movedOffset);
    to.number(invoice.movedTo);
    to.number(invoice.voidDay);
    to.list(invoice.writeOffs, (writeOff, each) -> {
      each.text(writeOff.id);
      each.number(writeOff.at);
      each.number(writeOff.amount);
      each.flag(writeOff.smallDifference);
    });
    to.list(invoice.recoveries, (recovery, each) -> {
      each.text(recovery.writeOffId);
      each.number(recovery.at);
      each.number(recovery.day);
      each.number(recovery.offset);
      each.number(recovery.amount);
    });
    to.list(invoice.applications, (application, each) -> {
      each.text(application.source);
      each.number(application.instant);
      each.number(application.amount);
    });
    to.list(invoice.sources, (id, each) -> each.text(id));
  }, from -> {
    final Invoice invoice = new Invoice();
    invoice.known = from.flag();
    invoice.debitNote = from.flag();
    invoice.at = from.number();
    invoice.issueDay = from.number();
    invoice.currency = from.text();
    invoice.ownRegion = from.text();
    invoice.region = from.text();
    invoice.net = from.number();
    invoice.gross = from.number();
    invoice.lastDue = from.number();
    invoice.instalments = from.list(each -> new Instalment(each.number(), each.number()));
    invoice.orderIds = from.list(Coding.Reader::text);
    invoice.movedAt = from.number();
    invoice.movedOffset = from.number();
    invoice.movedTo = from.number();
    invoice.voidDay = from.number();
    invoice.writeOffs = from.list(each -> new WriteOff(each.text(), each.number(), each.number(), each.flag()));
    invoice.recoveries = from.list(each ->
        new Recovery(each.text(), each.number(), each.number(), each.number(), each.number()));
    invoice.applications = from.list(each -> new Application(each.text(), each.number(), each.number()));
    invoice.sources = from.list(Coding.Reader::text);
    return invoice;
  });
}
