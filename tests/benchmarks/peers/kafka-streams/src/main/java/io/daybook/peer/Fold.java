package io.daybook.peer;

import static io.daybook.peer.Figures.day;
import static io.daybook.peer.Figures.dayOf;

import io.daybook.events.v1.Allocation;
import io.daybook.events.v1.CreditNoteIssued;
import io.daybook.events.v1.Event;
import io.daybook.events.v1.Instalment;
import io.daybook.events.v1.InvoiceIssued;
import io.daybook.events.v1.InvoiceKind;
import io.daybook.events.v1.InvoiceVoided;
import io.daybook.events.v1.InvoiceWrittenOff;
import io.daybook.events.v1.OrderPlaced;
import io.daybook.events.v1.PaymentAllocated;
import io.daybook.events.v1.PaymentReceived;
import io.daybook.events.v1.RefundPaid;
import io.daybook.events.v1.WriteOffKind;
import io.daybook.events.v1.WriteOffRecovered;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/** One event at a time into the documents and the cells of its partition. */
final class Fold implements Processor<String, Event, Void, Void> {
  static final String ACCOUNTS = "accounts";
  static final String ORDERS = "orders";
  static final String INVOICES = "invoices";
  static final String SOURCES = "sources";
  static final String TOTALS = "totals";
  static final String AGEING = "ageing";
  static final String SALES = "sales";
  static final String CYCLES = "cycles";

  private final LongAdder processed;
  private ProcessorContext<Void, Void> context;
  private UnitOfWork.Stores stores;

  Fold(LongAdder processed) {
    this.processed = processed;
  }

  @Override
  public void init(ProcessorContext<Void, Void> given) {
    context = given;
    stores = new UnitOfWork.Stores(given.getStateStore(ACCOUNTS), given.getStateStore(ORDERS),
        given.getStateStore(INVOICES), given.getStateStore(SOURCES), given.getStateStore(TOTALS),
        given.getStateStore(AGEING), given.getStateStore(SALES), given.getStateStore(CYCLES));
  }

  @Override
  public void process(Record<String, Event> record) {
    final Event event = record.value();
    final UnitOfWork work = new UnitOfWork(stores, record.key());
    final long at = event.getOccurredAt().getSeconds();
    final long offset = context.recordMetadata().orElseThrow().offset();
    processed.increment();
    switch (event.getPayloadCase()) {
      case ORDER_PLACED -> place(work, event.getOrderPlaced(), at);
      case ORDER_CHANGED -> {
        final Order order = work.order(event.getOrderChanged().getOrderId());
        final List<Order.Line> lines = Order.Line.of(event.getOrderChanged().getLinesList());
        order.changes.add(new Order.Change(at, offset, false, lines, List.of()));
        order.sort();
      }
      case ORDER_CANCELLED -> {
        final Order order = work.order(event.getOrderCancelled().getOrderId());
        final List<String> ids = List.copyOf(event.getOrderCancelled().getLineIdsList());
        order.changes.add(new Order.Change(at, offset, true, List.of(), ids));
        order.sort();
      }
      case SHIPMENT_DISPATCHED -> {
        final var dispatched = event.getShipmentDispatched();
        final Order order = work.order(dispatched.getOrderId());
        order.dispatches.add(new Order.Movement(dispatched.getShipmentId(), at, offset,
            Order.Part.of(dispatched.getLinesList())));
        order.sort();
      }
      case SHIPMENT_DELIVERED -> {
        final var delivered = event.getShipmentDelivered();
        work.order(delivered.getOrderId()).proofs.add(new Order.Proof(delivered.getShipmentId(), at));
      }
      case SHIPMENT_RETURNED -> {
        final var returned = event.getShipmentReturned();
        final Order order = work.order(returned.getOrderId());
        order.returns.add(new Order.Movement(returned.getShipmentId(), at, offset,
            Order.Part.of(returned.getLinesList())));
        order.sort();
      }
      case INVOICE_ISSUED -> issue(work, event.getInvoiceIssued(), at);
      case INVOICE_DUE_DATE_CHANGED -> {
        final var moved = event.getInvoiceDueDateChanged();
        final Invoice invoice = work.invoice(moved.getInvoiceId());
        if (at > invoice.movedAt || at == invoice.movedAt && offset > invoice.movedOffset) {
          invoice.movedAt = at;
          invoice.movedOffset = offset;
          invoice.movedTo = day(moved.getDueDate());
        }
      }
      case INVOICE_VOIDED -> {
        final InvoiceVoided voided = event.getInvoiceVoided();
        work.invoice(voided.getInvoiceId()).voidDay = day(voided.getDate());
        work.tellSources(voided.getInvoiceId());
      }
      case INVOICE_WRITTEN_OFF -> {
        final InvoiceWrittenOff lost = event.getInvoiceWrittenOff();
        work.invoice(lost.getInvoiceId()).writeOffs.add(new Invoice.WriteOff(lost.getWriteOffId(), at,
            lost.getAmountMinor(), lost.getKind() == WriteOffKind.WRITE_OFF_KIND_SMALL_DIFFERENCE));
      }
      case WRITE_OFF_RECOVERED -> {
        final WriteOffRecovered recovered = event.getWriteOffRecovered();
        work.invoice(recovered.getInvoiceId()).recoveries.add(new Invoice.Recovery(
            recovered.getWriteOffId(), at, day(recovered.getDate()), offset, recovered.getAmountMinor()));
      }
      case CREDIT_NOTE_ISSUED -> credit(work, event.getCreditNoteIssued(), at, offset);
      case PAYMENT_RECEIVED -> receive(work, event.getPaymentReceived(), at, offset);
      case PAYMENT_ALLOCATED -> {
        final PaymentAllocated allocated = event.getPaymentAllocated();
        allocate(work, source(allocated.getPaymentId(), allocated.getCreditNoteId()),
            allocated.getAllocationId(), allocated.getAllocationsList(), at, day(allocated.getDate()), offset);
      }
      case PAYMENT_UNALLOCATED -> {
        final var undone = event.getPaymentUnallocated();
        work.source(source(undone.getPaymentId(), undone.getCreditNoteId())).undone
            .add(new Source.Undone(undone.getAllocationId(), day(undone.getDate())));
      }
      case PAYMENT_REVERSED -> {
        final var reversed = event.getPaymentReversed();
        final Source payment = work.source("P" + reversed.getPaymentId());
        payment.reversedDay = Math.max(day(reversed.getDate()), payment.day);
      }
      case REFUND_PAID -> refund(work, event.getRefundPaid(), offset);
      case CUSTOMER_PROFILE_SET -> {
        profile(work, event, at);
      }
      default -> {
        // What moves no figure kept here: confirmations, delays, disputes, promises, targets, rates.
        return;
      }
    }
    work.finish();
  }

  private static void place(UnitOfWork work, OrderPlaced placed, long at) {
    final Order order = work.order(placed.getOrderId());
    order.known = true;
    order.placedAt = at;
    order.ownRegion = placed.getRegion();
    order.region = placed.getRegion().isEmpty() ? work.account().region(dayOf(at)) : placed.getRegion();
    order.currency = placed.getCurrency();
    order.lines = Order.Line.of(placed.getLinesList());
    // Invoices that came before it may take its region.
    for (final Order.Bill bill : order.bills) {
      locate(work, work.invoice(bill.invoiceId()));
      work.tellSources(bill.invoiceId());
    }
  }

  private static void issue(UnitOfWork work, InvoiceIssued issued, long at) {
    final Invoice invoice = work.invoice(issued.getInvoiceId());
    invoice.known = true;
    invoice.debitNote = issued.getKind() == InvoiceKind.INVOICE_KIND_DEBIT_NOTE;
    invoice.at = at;
    invoice.issueDay = day(issued.getIssueDate());
    invoice.currency = issued.getCurrency();
    invoice.ownRegion = issued.getRegion();
    invoice.net = issued.getNetMinor();
    invoice.gross = issued.getNetMinor() + issued.getTaxMinor();
    invoice.orderIds = List.copyOf(issued.getOrderIdsList());
    if (issued.getInstalmentsCount() > 0) {
      for (final Instalment instalment : issued.getInstalmentsList()) {
        final long due = day(instalment.getDueDate());
        invoice.instalments.add(new Invoice.Instalment(due, instalment.getAmountMinor()));
        invoice.lastDue = invoice.instalments.size() == 1 ? due : Math.max(invoice.lastDue, due);
      }
    } else if (!issued.getDueDate().isEmpty()) {
      invoice.dueBy(day(issued.getDueDate()));
    } else {
      final Account account = work.account();
      final Account.Profile profile = account.on(invoice.issueDay);
      invoice.dueBy(invoice.issueDay + (profile == null ? 0 : profile.termsDays()));
      account.recent.removeIf(recent -> recent.issueDay() < invoice.issueDay - Account.RECENT_DAYS);
      account.recent.add(new Account.Recent(issued.getInvoiceId(), invoice.issueDay));
      work.keepAccount();
    }
    locate(work, invoice);
    work.tellSources(issued.getInvoiceId());
  }

  private static void locate(UnitOfWork work, Invoice invoice) {
    invoice.region = invoice.ownRegion;
    for (final String orderId : invoice.orderIds) {
      if (!invoice.region.isEmpty()) return;
      invoice.region = work.order(orderId).ownRegion;
    }
    if (invoice.region.isEmpty()) invoice.region = work.account().region(invoice.issueDay);
  }

  private static void credit(UnitOfWork work, CreditNoteIssued issued, long at, long offset) {
    final String id = "C" + issued.getCreditNoteId();
    final Source source = work.source(id);
    source.known = true;
    source.at = at;
    source.day = day(issued.getIssueDate());
    source.currency = issued.getCurrency();
    source.region = work.account().region(source.day);
    source.net = issued.getNetMinor();
    source.amount = issued.getNetMinor() + issued.getTaxMinor();
    if (!issued.getInvoiceId().isEmpty()) {
      final Source.Item own = new Source.Item();
      own.own = true;
      own.allocationId = issued.getCreditNoteId();
      own.invoiceId = issued.getInvoiceId();
      own.at = at;
      own.day = source.day;
      own.offset = offset;
      own.amount = source.amount;
      source.items.add(own);
    }
    for (final Source.Item item : source.items) work.link(id, source, item);
  }

  private static void receive(UnitOfWork work, PaymentReceived received, long at, long offset) {
    final String id = "P" + received.getPaymentId();
    final Source source = work.source(id);
    source.known = true;
    source.isPayment = true;
    source.at = at;
    source.day = day(received.getValueDate());
    source.currency = received.getCurrency();
    source.region = work.account().region(source.day);
    source.amount = received.getAmountMinor();
    if (source.reversedDay != Figures.NEVER) source.reversedDay = Math.max(source.reversedDay, source.day);
    allocate(work, id, received.getPaymentId(), received.getAllocationsList(), at, source.day, offset);
    for (final Source.Item item : source.items) work.link(id, source, item);
  }

  private static void allocate(UnitOfWork work, String sourceId, String allocationId,
                               List<Allocation> allocations, long at, long day, long offset) {
    final Source source = work.source(sourceId);
    for (final Allocation allocation : allocations) {
      final Source.Item item = new Source.Item();
      item.allocationId = allocationId;
      item.invoiceId = allocation.getInvoiceId();
      item.at = at;
      item.day = day;
      item.offset = offset;
      item.amount = allocation.getAmountMinor();
      source.items.add(item);
      work.link(sourceId, source, item);
    }
  }

  private static void refund(UnitOfWork work, RefundPaid paid, long offset) {
    final boolean named = !paid.getPaymentId().isEmpty() || !paid.getCreditNoteId().isEmpty();
    final Source source = work.source(
        named ? source(paid.getPaymentId(), paid.getCreditNoteId()) : "R" + paid.getRefundId());
    final long day = day(paid.getValueDate());
    if (!source.known && source.region.isEmpty()) source.region = work.account().region(day);
    source.refunds.add(new Source.Refund(paid.getCurrency(), day, offset, paid.getAmountMinor()));
  }

  private static void profile(UnitOfWork work, Event event, long at) {
    final var set = event.getCustomerProfileSet();
    final Account account = work.account();
    final long day = dayOf(at);
    account.profiles.add(new Account.Profile(at, day, set.getRegion(), set.getPaymentTermsDays()));
    work.keepAccount();
    // Due dates of the day, or later, that came from the terms.
    for (final Account.Recent recent : account.recent) {
      if (recent.issueDay() < day) continue;
      final Account.Profile profile = account.on(recent.issueDay());
      work.invoice(recent.invoiceId()).dueBy(recent.issueDay() + profile.termsDays());
    }
  }

  private static String source(String paymentId, String creditNoteId) {
    return paymentId.isEmpty() ? "C" + creditNoteId : "P" + paymentId;
  }
}
