package io.daybook.peer;

import static io.daybook.peer.Figures.dayOf;
import static io.daybook.peer.Figures.part;

import io.daybook.events.v1.OrderLine;
import io.daybook.events.v1.ShipmentLine;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.serialization.Serde;

/** An order: its lines and what changed them, dispatches, proofs, returns, and its invoices. */
final class Order {
  record Line(String id, long quantity, long net) {
    static List<Line> of(List<OrderLine> lines) {
      final List<Line> all = new ArrayList<>(lines.size());
      for (final OrderLine line : lines) {
        all.add(new Line(line.getLineId(), Figures.quantity(line.getQuantity()), line.getNetMinor()));
      }
      return all;
    }
  }

  record Part(String lineId, long quantity) {
    static List<Part> of(List<ShipmentLine> lines) {
      final List<Part> all = new ArrayList<>(lines.size());
      for (final ShipmentLine line : lines) all.add(new Part(line.getLineId(), Figures.quantity(line.getQuantity())));
      return all;
    }
  }

  /** New lines, or a cancellation of the lines named (none: all). */
  record Change(long at, long offset, boolean cancels, List<Line> lines, List<String> lineIds) {}

  /** A dispatch or a return. */
  record Movement(String shipmentId, long at, long offset, List<Part> parts) {}

  record Proof(String shipmentId, long at) {}

  /** An invoice of kind INVOICE that names the order; settled at NEVER: not settled. */
  record Bill(String invoiceId, long at, boolean isVoid, long settledAt) {}

  boolean known;
  long placedAt;
  String ownRegion = "";
  String region = "";  // Its own, or that of the customer file.
  String currency = "";
  List<Line> lines = new ArrayList<>();
  List<Change> changes = new ArrayList<>();
  List<Movement> dispatches = new ArrayList<>();
  List<Movement> returns = new ArrayList<>();
  List<Proof> proofs = new ArrayList<>();
  List<Bill> bills = new ArrayList<>();

  void bill(Bill bill) {
    bills.removeIf(old -> old.invoiceId.equals(bill.invoiceId));
    bills.add(bill);
  }

  void sort() {
    changes.sort(Comparator.comparingLong(Change::at).thenComparingLong(Change::offset));
    dispatches.sort(Comparator.comparingLong(Movement::at).thenComparingLong(Movement::offset));
    returns.sort(Comparator.comparingLong(Movement::at).thenComparingLong(Movement::offset));
  }

  Figures figures() {
    final Figures figures = new Figures();
    if (!known) return figures;
    final Standing standing = new Standing();
    final long placedDay = dayOf(placedAt);
    figures.sell(region, placedDay, currency, "orders", 1);
    for (int i = 0; i < standing.lines.size(); i++) {
      final Line line = standing.lines.get(i);
      figures.sell(region, placedDay, currency, "ordered", part(line.net, standing.remaining[i], line.quantity));
    }
    move(figures, standing, dispatches, 1);
    final List<Movement> counted = new ArrayList<>();
    for (final Movement back : returns) {
      if (back.shipmentId.isEmpty() || dispatches.stream().anyMatch(each -> each.shipmentId.equals(back.shipmentId))) {
        counted.add(back);
      }
    }
    move(figures, standing, counted, -1);
    final long dispatched = dispatchedAt(standing);
    cycle(figures, "placed..dispatched", dispatched);
    cycle(figures, "placed..delivered", dispatched == Figures.NEVER ? Figures.NEVER : deliveredAt());
    long invoiced = Figures.NEVER;
    long paid = Long.MIN_VALUE;
    for (final Bill bill : bills) {
      if (bill.isVoid) continue;
      invoiced = Math.min(invoiced, bill.at);
      paid = Math.max(paid, bill.settledAt);
    }
    cycle(figures, "placed..invoiced", invoiced);
    cycle(figures, "placed..paid",
        dispatched == Figures.NEVER || invoiced == Figures.NEVER ? Figures.NEVER : paid);
    return figures;
  }

  private void cycle(Figures figures, String cycle, long end) {
    if (end == Figures.NEVER) return;
    Figures.add(figures.cycles, cycle + '|' + Figures.month(dayOf(placedAt)) + '|' + (end - placedAt), 1);
  }

  /** The lines as they stand, and what remains of each. */
  private final class Standing {
    List<Line> lines = Order.this.lines;
    long[] remaining = quantities(lines);
    /** The last terms of every line there ever was. */
    final Map<String, Line> terms = new HashMap<>();

    Standing() {
      for (final Line line : lines) terms.put(line.id, line);
      for (final Change change : changes) {
        if (!change.cancels) {
          lines = change.lines;
          remaining = quantities(lines);
          for (final Line line : lines) terms.put(line.id, line);
          continue;
        }
        for (int i = 0; i < lines.size(); i++) {
          final String id = lines.get(i).id;
          if (!change.lineIds.isEmpty() && !change.lineIds.contains(id)) continue;
          long sent = 0;
          for (final Movement dispatch : dispatches) {
            if (dispatch.at > change.at) continue;
            for (final Part part : dispatch.parts) {
              if (part.lineId.equals(id)) sent += part.quantity;
            }
          }
          remaining[i] = Math.min(remaining[i], sent);
        }
      }
    }

    private static long[] quantities(List<Line> lines) {
      return lines.stream().mapToLong(Line::quantity).toArray();
    }
  }

  /** Parts of a line's net by cumulative quantity, so that they add up exactly. */
  private void move(Figures figures, Standing standing, List<Movement> movements, int sign) {
    final Map<String, Long> soFar = new HashMap<>();
    for (final Movement movement : movements) {
      long amount = 0;
      for (final Part part : movement.parts) {
        final Line line = standing.terms.get(part.lineId);
        if (line == null) continue;
        final long before = soFar.getOrDefault(part.lineId, 0L);
        final long now = before + part.quantity;
        soFar.put(part.lineId, now);
        amount += part(line.net, now, line.quantity) - part(line.net, before, line.quantity);
      }
      figures.sell(region, dayOf(movement.at), currency, "shipped", sign * amount);
    }
  }

  private long dispatchedAt(Standing standing) {
    final Map<String, Long> open = new HashMap<>();
    for (int i = 0; i < standing.lines.size(); i++) {
      if (standing.remaining[i] > 0) open.put(standing.lines.get(i).id, standing.remaining[i]);
    }
    if (open.isEmpty()) return Figures.NEVER;
    for (final Movement dispatch : dispatches) {
      for (final Part part : dispatch.parts) {
        open.computeIfPresent(part.lineId, (id, rest) -> rest > part.quantity ? rest - part.quantity : null);
      }
      if (open.isEmpty()) return dispatch.at;
    }
    return Figures.NEVER;
  }

  private long deliveredAt() {
    long last = Figures.NEVER;
    for (final Movement dispatch : dispatches) {
      long proof = Figures.NEVER;
      for (final Proof each : proofs) {
        if (each.shipmentId.equals(dispatch.shipmentId)) proof = Math.min(proof, each.at);
      }
      if (proof != Figures.NEVER) {
        last = last == Figures.NEVER ? proof : Math.max(last, proof);
      } else if (!cameBackWhole(dispatch)) {
        return Figures.NEVER;
      }
    }
    return last;
  }

  private boolean cameBackWhole(Movement dispatch) {
    for (final Part part : dispatch.parts) {
      long missing = part.quantity;
      for (final Movement back : returns) {
        if (!back.shipmentId.equals(dispatch.shipmentId)) continue;
        for (final Part returned : back.parts) {
          if (returned.lineId.equals(part.lineId)) missing -= returned.quantity;
        }
      }
      if (missing > 0) return false;
    }
    return true;
  }

  private static void write(Line line, Coding.Writer to) {
    to.text(line.id);
    to.number(line.quantity);
    to.number(line.net);
  }

  private static Line line(Coding.Reader from) {
    return new Line(from.text(), from.number(), from.number());
  }

  private static void write(Movement movement, Coding.Writer to) {
    to.text(movement.shipmentId);
    to.number(movement.at);
    to.number(movement.offset);
    to.list(movement.parts, (part, each) -> {
      each.text(part.lineId);
      each.number(part.quantity);
    });
  }

  private static Movement movement(Coding.Reader from) {
    return new Movement(from.text(), from.number(), from.number(),
        from.list(each -> new Part(each.text(), each.number())));
  }

  static final Serde<Order> SERDE = Coding.serde((order, to) -> {
    to.flag(order.known);
    to.number(order.placedAt);
    to.text(order.ownRegion);
    to.text(order.region);
    to.text(order.currency);
    to.list(order.lines, Order::write);
    to.list(order.changes, (change, each) -> {
      each.number(change.at);
      each.number(change.offset);
      each.flag(change.cancels);
      each.list(change.lines, Order::write);
      each.list(change.lineIds, (id, one) -> one.text(id));
    });
    to.list(order.dispatches, Order::write);
    to.list(order.returns, Order::write);
    to.list(order.proofs, (proof, each) -> {
      each.text(proof.shipmentId);
      each.number(proof.at);
    });
    to.list(order.bills, (bill, each) -> {
      each.text(bill.invoiceId);
      each.number(bill.at);
      each.flag(bill.isVoid);
      each.number(bill.settledAt);
    });
  }, from -> {
    final Order order = new Order();
    order.known = from.flag();
    order.placedAt = from.number();
    order.ownRegion = from.text();
    order.region = from.text();
    order.currency = from.text();
    order.lines = from.list(Order::line);
    order.changes = from.list(each -> new Change(each.number(), each.number(), each.flag(),
        each.list(Order::line), each.list(Coding.Reader::text)));
    order.dispatches = from.list(Order::movement);
    order.returns = from.list(Order::movement);
    order.proofs = from.list(each -> new Proof(each.text(), each.number()));
    order.bills = from.list(each -> new Bill(each.text(), each.number(), each.flag(), each.number()));
    return order;
  });
}
