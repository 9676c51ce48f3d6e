package io.daybook.peer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.streams.state.KeyValueStore;

/**
 * What one event touches: documents as they were and as they become, and the difference in the cells.
 * A source changes its invoices, and an invoice its orders; nothing goes the other way once finished.
 */
final class UnitOfWork {
  /** The stores of a task. */
  record Stores(KeyValueStore<String, Account> accounts, KeyValueStore<String, Order> orders,
                KeyValueStore<String, Invoice> invoices, KeyValueStore<String, Source> sources,
                KeyValueStore<String, Long> totals, KeyValueStore<String, Long> ageing,
                KeyValueStore<String, Long> sales, KeyValueStore<String, Cycle> cycles) {}

  private static final class Loaded<T, B> {
    final T document;
    final B before;  // What others were told of it.

    Loaded(T document, B before) {
      this.document = document;
      this.before = before;
    }
  }

  private final Stores stores;
  private final String customer;
  private final Map<String, Loaded<Order, Void>> orders = new LinkedHashMap<>();
  private final Map<String, Loaded<Invoice, Order.Bill>> invoices = new LinkedHashMap<>();
  private final Map<String, Loaded<Source, Map<String, List<Invoice.Application>>>> sources = new LinkedHashMap<>();
  private final Figures change = new Figures();
  private Account account;

  UnitOfWork(Stores stores, String customer) {
    this.stores = stores;
    this.customer = customer;
  }

  Account account() {
    if (account == null) {
      account = stores.accounts.get(customer);
      if (account == null) account = new Account();
    }
    return account;
  }

  void keepAccount() {
    stores.accounts.put(customer, account);
  }

  Order order(String id) {
    final Loaded<Order, Void> loaded = orders.get(id);
    if (loaded != null) return loaded.document;
    final Order stored = stores.orders.get(key(id));
    final Order order = stored == null ? new Order() : stored;
    if (stored != null) change.add(order.figures(), -1);
    orders.put(id, new Loaded<>(order, null));
    return order;
  }

  Invoice invoice(String id) {
    final Loaded<Invoice, Order.Bill> loaded = invoices.get(id);
    if (loaded != null) return loaded.document;
    final Invoice stored = stores.invoices.get(key(id));
    final Invoice invoice = stored == null ? new Invoice() : stored;
    if (stored != null) change.add(invoice.figures(), -1);
    invoices.put(id, new Loaded<>(invoice, bill(id, invoice)));
    return invoice;
  }

  /** `id` begins with "P" for payments, with "C" for credit notes, with "R" for refunds of neither. */
  Source source(String id) {
    final Loaded<Source, Map<String, List<Invoice.Application>>> loaded = sources.get(id);
    if (loaded != null) return loaded.document;
    final Source stored = stores.sources.get(key(id));
    final Source source = stored == null ? new Source() : stored;
    if (stored != null) {
      source.evaluate();
      change.add(source.figures(), -1);
    }
    sources.put(id, new Loaded<>(source, applications(id, source)));
    return source;
  }

  /** Tells an item what is known of its invoice, and the invoice that it is named. */
  void link(String sourceId, Source source, Source.Item item) {
    final Invoice invoice = invoice(item.invoiceId);
    if (!invoice.sources.contains(sourceId)) invoice.sources.add(sourceId);
    learn(source, item, invoice);
  }

  /** An invoice was issued, or is void, or has another region. */
  void tellSources(String invoiceId) {
    final Invoice invoice = invoice(invoiceId);
    for (final String id : invoice.sources) {
      final Source source = source(id);
      for (final Source.Item item : source.items) {
        if (item.invoiceId.equals(invoiceId)) learn(source, item, invoice);
      }
    }
  }

  private static void learn(Source source, Source.Item item, Invoice invoice) {
    item.invoiceKnown = invoice.known;
    item.currencyFits = invoice.currency.equals(source.currency);
    item.invoiceAt = invoice.at;
    item.issueDay = invoice.issueDay;
    item.voidDay = invoice.isVoid() ? Math.max(invoice.voidDay, invoice.issueDay) : Figures.NEVER;
    if (item.own && invoice.known) source.region = invoice.region;
  }

  void finish() {
    sources.forEach((id, loaded) -> {
      loaded.document.evaluate();
      change.add(loaded.document.figures(), 1);
      final Map<String, List<Invoice.Application>> after = applications(id, loaded.document);
      for (final Source.Item item : loaded.document.items) {
        final List<Invoice.Application> now = after.get(item.invoiceId);
        final List<Invoice.Application> then = loaded.before.get(item.invoiceId);
        if (now == null ? then == null : now.equals(then)) continue;
        final Invoice invoice = invoice(item.invoiceId);
        invoice.applications.removeIf(application -> application.source().equals(id));
        if (now != null) invoice.applications.addAll(now);
      }
      stores.sources.put(key(id), loaded.document);
    });
    invoices.forEach((id, loaded) -> {
      final Invoice invoice = loaded.document;
      change.add(invoice.figures(), 1);
      final Order.Bill bill = bill(id, invoice);
      if (bill != null && !bill.equals(loaded.before)) {
        for (final String orderId : invoice.orderIds) order(orderId).bill(bill);
      }
      stores.invoices.put(key(id), invoice);
    });
    orders.forEach((id, loaded) -> {
      change.add(loaded.document.figures(), 1);
      stores.orders.put(key(id), loaded.document);
    });
    apply(stores.totals, change.totals);
    apply(stores.ageing, change.ageing);
    apply(stores.sales, change.sales);
    change.cycles.forEach((key, count) -> {
      if (count == 0) return;
      final int last = key.lastIndexOf('|');
      final String cell = key.substring(0, last);
      Cycle cycle = stores.cycles.get(cell);
      if (cycle == null) cycle = new Cycle();
      cycle.add(Long.parseLong(key, last + 1, key.length(), 10), count);
      stores.cycles.put(cell, cycle);
    });
  }

  private static void apply(KeyValueStore<String, Long> store, Map<String, Long> changes) {
    changes.forEach((key, amount) -> {
      if (amount == 0) return;
      final Long before = store.get(key);
      store.put(key, before == null ? amount : before + amount);
    });
  }

  private static Order.Bill bill(String id, Invoice invoice) {
    if (!invoice.known || invoice.debitNote) return null;
    return new Order.Bill(id, invoice.at, invoice.isVoid(), invoice.settledAt());
  }

  private static Map<String, List<Invoice.Application>> applications(String id, Source source) {
    final Map<String, List<Invoice.Application>> all = new HashMap<>();
    for (final Source.Item item : source.items) {
      if (!Source.inEffect(item)) continue;
      final long instant = Math.max(Math.max(item.at, source.at), item.invoiceAt);
      all.computeIfAbsent(item.invoiceId, each -> new ArrayList<>())
          .add(new Invoice.Application(id, instant, item.amount));
    }
    return all;
  }

  private String key(String id) {
    return customer + '\0' + id;
  }
}
