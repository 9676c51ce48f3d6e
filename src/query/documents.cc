// Pages of documents: customers, invoices, payments, orders, each with the events behind it.
#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "domain/figures.h"
#include "store/keys.h"
#include "query/collections.h"
#include "query/credit.h"
#include "query/views.h"

namespace daybook::query {
namespace {

using domain::DocumentKind;
using domain::DocumentRef;

Value events_of(const Question& question, const ShardSnapshot& shard, const domain::AccountState& account,
                const domain::Document& document) {
  std::vector<const domain::Fact*> facts;
  for (const domain::Fact& fact : document.facts) {
    if (account.admits(fact)) facts.push_back(&fact);
  }
  std::ranges::sort(facts, {}, [](const domain::Fact* fact) { return fact->at; });
  std::vector<Row> rows;
  for (const domain::Fact* fact : facts) rows.push_back(question.event_row(EventRef::of(shard.partition, *fact)));
  return Value::list_of_rows(std::move(rows));
}

// A document found by its id, in the account that has it.
struct Found {
  const ShardSnapshot* shard = nullptr;
  std::unique_ptr<CustomerContext> customer;
};

// 404 when no account has it, 409 when several have.
Found find(Question& question, DocumentRef ref, const char* what,
           const std::function<bool(domain::AccountState&)>& is_known) {
  std::vector<Found> found;
  const auto consider = [&](const ShardSnapshot& shard, store::LabelId id) {
    auto customer = question.new_customer(shard, id);
    if (is_known(customer->account())) found.push_back({&shard, std::move(customer)});
  };
  if (const auto customer_id = question.parameters().text("customer_id")) {
    const ShardSnapshot& shard = question.shard_of(*customer_id);
    const auto id = shard.labels->find_customer(*customer_id);
    const auto has_it = [&] {
      return value_or_refuse(shard.reads->get(store::Table::kMeta, store::IdKey{ref, *id}.bytes())).has_value();
    };
    if (id && has_it()) consider(shard, *id);
  } else {
    using Next = store::Reads::Next;
    for (const auto& shard : question.shards()) {
      const auto take = [&](std::string_view bytes, std::string_view) -> Result<Next> {
        ASSIGN_OR_RETURN(const store::IdKey key, store::IdKey::parse(bytes));
        RETURN_IF_ERROR(store::check_labels(*shard->labels, key.customer, {}));
        consider(*shard, key.customer);
        return Next::kGoOn;
      };
      const auto scanned = shard->reads->scan(store::Table::kMeta, store::IdKey::prefix(ref), "", take);
      if (!scanned) refuse(scanned.error());
    }
  }
  if (found.empty()) {
    refuse(404, "Not found", fmt::format("there is no {} '{}'", what, ref.id));
  }
  if (found.size() > 1) {
    Problem problem{409, "Several accounts have this id",
                    fmt::format("{} '{}' exists in {} accounts: say which with customer_id", what,
                                ref.id, found.size())};
    for (const Found& one : found) problem.accounts.emplace_back(one.customer->name());
    std::ranges::sort(problem.accounts);
    throw Refusal{std::move(problem)};
  }
  return std::move(found.front());
}

Value profile_of(const domain::CustomerProfileSet& profile) {
  Row one;
  one.add("name", text_or_null(profile.name));
  one.add("region", text_or_null(profile.region));
  one.add("sales_rep", text_or_null(profile.sales_rep));
  one.add("grade", text_or_null(profile.grade));
  one.add("parent_customer_id", text_or_null(profile.parent_customer_id));
  one.add("credit_currency", text_or_null(profile.credit_currency.code()));
  one.add("credit_limit", profile.credit_limit_minor
                              ? Value::amount(*profile.credit_limit_minor, profile.credit_currency)
                              : Value());
  one.add("payment_terms_days",
          profile.payment_terms_days ? Value::integer(*profile.payment_terms_days) : Value());
  return Value::object(std::move(one));
}

}  // namespace

Answer customers(Question& question) {
  const Filters filters = question.filters({"region", "sales_rep", "customer_id", "grade"});
  const Day as_of = question.as_of();
  Answer answer = question.list(
      "customers", {"customer_id", "name", "region", "sales_rep", "grade", "parent_customer_id", "balances",
                    "credit.credit_currency", "credit.credit_limit", "credit.exposure", "credit.parts",
                    "credit.unconverted", "credit.state"});
  Rates rates(question);
  const auto scope = question.scope(filters);
  for (const ShardSnapshot* shard : scope.shards) {
    const auto ids = scope.customer ? std::vector<store::LabelId>{*scope.customer}
                                    : shard->labels->customers_after("", SIZE_MAX);
    for (const store::LabelId id : ids) {
      CustomerContext customer = question.customer(*shard, id);
      std::string key = sort_key({customer.name()});
      if (!is_customer(customer.name()) || !answer.rows.may_hold(key) || !customer.is_known()) continue;
      static const domain::CustomerProfileSet kNone;
      const auto* in_force = customer.profile(as_of);
      const domain::CustomerProfileSet& profile = in_force ? *in_force : kNone;
      if (!passes_region(filters.region, profile.region) ||
          !passes(filters.sales_rep, profile.sales_rep) || !passes(filters.grade, profile.grade)) {
        continue;
      }
      answer.rows.add(std::move(key), [&] {
        Row row;
        row.add("customer_id", Value::text(customer.name()));
        row.add("name", text_or_null(profile.name));
        row.add("region", text_or_null(profile.region));
        row.add("sales_rep", text_or_null(profile.sales_rep));
        row.add("grade", text_or_null(profile.grade));
        row.add("parent_customer_id", text_or_null(profile.parent_customer_id));
        std::vector<Row> balances;
        for (const auto& [currency, account] : account_on(*shard, id, as_of).balances) {
          Row& one = balances.emplace_back();
          one.add("currency", Value::text(currency.code()));
          one.add("balance", Value::amount(account.balance(), currency));
        }
        row.add("balances", Value::list_of_rows(std::move(balances)));
        const Exposure exposure = exposures(*shard, id, as_of)[id];
        row.add("credit",
                Value::object(credit_row(credit_of(exposure, customer.file(as_of), rates, as_of), exposure)));
        return row;
      });
    }
  }
  return answer;
}

Answer customer_page(Question& question, std::string_view customer_id) {
  const Day as_of = question.as_of();
  const ShardSnapshot& shard = question.shard_of(customer_id);
  const std::unique_ptr<CustomerContext> found = question.find_customer(shard, customer_id);
  CustomerContext& customer = *found;
  Answer answer;
  answer.head.add("customer_id", Value::text(customer_id));
  const domain::CustomerFile& file = customer.account().file();
  const auto* in_force = customer.profile(as_of);
  answer.head.add("profile", in_force == nullptr ? Value() : profile_of(*in_force));
  std::vector<Row> history;
  const auto& entries = file.entries();
  for (std::size_t i = 0; i < entries.size(); ++i) {
    // Of several files of one day the last holds.
    if (entries[i].from > as_of || (i + 1 < entries.size() && entries[i + 1].from == entries[i].from)) {
      continue;
    }
    Row& one = history.emplace_back();
    one.add("from", Value::date(entries[i].from));
    one.add("profile", profile_of(*entries[i].profile));
  }
  answer.head.add("history", Value::list_of_rows(std::move(history)));

  const Account account = account_on(shard, customer.id(), as_of);
  std::vector<Row> balances;
  for (const auto& [currency, balance] : account.balances) {
    Row& one = balances.emplace_back();
    one.add("currency", Value::text(currency.code()));
    one.add("gross_open", Value::amount(balance.gross_open, currency));
    one.add("disputed", Value::amount(balance.disputed, currency));
    one.add("unapplied_cash", Value::amount(balance.unapplied_cash, currency));
    one.add("open_credits", Value::amount(balance.open_credits, currency));
    one.add("balance", Value::amount(balance.balance(), currency));
  }
  answer.head.add("balances", Value::list_of_rows(std::move(balances)));

  Rates rates(question);
  const Exposure exposure = exposures(shard, customer.id(), as_of)[customer.id()];
  answer.head.add("credit",
                  Value::object(credit_row(credit_of(exposure, customer.file(as_of), rates, as_of), exposure)));

  std::vector<SortedRow> rows;
  for (const OpenItem& item : open_items(customer, customer.opened_on(account.open_days), as_of)) {
    rows.push_back({item_key(item, customer.name()), item_row(item, customer, as_of)});
  }
  std::ranges::sort(rows, {}, &SortedRow::key);
  std::vector<Row> items;
  for (SortedRow& row : rows) items.push_back(std::move(row.row));
  answer.head.add("items", Value::list_of_rows(std::move(items)));
  answer.head.add("promises", promises_of(shard, customer, std::nullopt, kGraceDays, as_of));
  const auto* document = customer.account().document({DocumentKind::kCustomer, {}});
  answer.head.add("events", document == nullptr ? Value::list({})
                                                : events_of(question, shard, customer.account(), *document));
  return answer;
}

Answer invoice_page(Question& question, std::string_view invoice_id) {
  const DocumentRef ref{DocumentKind::kInvoice, invoice_id};
  const Found found = find(question, ref, "invoice", [&](domain::AccountState& account) {
    return account.invoice(invoice_id) != nullptr;
  });
  const Day as_of = question.as_of();
  CustomerContext& customer = *found.customer;
  domain::AccountState& account = customer.account();
  const domain::Invoice& invoice = *account.invoice(invoice_id);
  const domain::InvoiceIssued& issued = *invoice.issued;
  const Currency currency = issued.currency;
  const domain::InvoiceState state =
      issued.issue_date <= as_of ? domain::state_on(account, invoice, as_of) : domain::InvoiceState{};
  const domain::Attributes& attributes = invoice.attributes;

  Answer answer;
  Row& page = answer.head;
  page.add("customer_id", Value::text(customer.name()));
  page.add("invoice_id", Value::text(invoice_id));
  page.add("kind", Value::text(issued.kind == domain::InvoiceKind::kInvoice ? "INVOICE" : "DEBIT_NOTE"));
  page.add("currency", Value::text(currency.code()));
  page.add("net", Value::amount(issued.net_minor, currency));
  page.add("tax", Value::amount(issued.tax_minor.value_or(0), currency));
  page.add("gross", Value::amount(issued.gross_minor(), currency));
  page.add("issue_date", Value::date(issued.issue_date));
  page.add("due_date", Value::date(invoice.last_due + invoice.due_shift(as_of)));
  page.add("void_date", invoice.void_day <= as_of ? Value::date(invoice.void_day) : Value());
  page.add("open", Value::amount(state.open, currency));
  page.add("disputed", Value::amount(state.disputed, currency));
  page.add("over_applied", Value::boolean(state.surplus > 0));
  page.add("order_ids", Value::list_of_texts(issued.order_ids));
  page.add("region", text_or_null(customer.region(attributes)));
  page.add("sales_rep", text_or_null(customer.sales_rep(attributes)));

  std::vector<Row> instalments;
  const auto due = invoice.due_days(as_of);
  for (std::size_t i = 0; i < invoice.instalments.size(); ++i) {
    Row& one = instalments.emplace_back();
    one.add("number", Value::integer(static_cast<std::int64_t>(i) + 1));
    one.add("due_date", Value::date(due[i]));
    one.add("amount", Value::amount(invoice.instalments[i].amount_minor, currency));
    one.add("open", Value::amount(state.instalments.empty() ? 0 : state.instalments[i].open, currency));
  }
  page.add("instalments", Value::list_of_rows(std::move(instalments)));

  struct Line {
    Day from = 0;
    std::string_view type, id;
    std::string_view source_id;  // The payment or credit note behind it; empty where there is none.
    Int128 minor = 0;
    std::optional<Day> until;
  };
  std::vector<Line> lines;
  for (const domain::Application& application : account.applications(invoice)) {
    const domain::Item& item = *application.item;
    const Int128 applied = item.applied(as_of);
    if (applied == 0) continue;
    const char* type = application.source->payment != nullptr ? "payment"
                       : item.own_of_credit_note              ? "credit_note"
                                                              : "credit_allocation";
    lines.push_back({item.from, type, item.allocation_id, application.source->ref.id, applied,
                     item.until == kNever ? std::nullopt : std::optional(item.until)});
  }
  for (const auto& write_off : invoice.write_offs) {
    if (write_off.day > as_of) continue;
    lines.push_back({write_off.day, "write_off", write_off.event->write_off_id, {},
                     write_off.event->amount_minor, std::nullopt});
  }
  for (const auto& recovery : invoice.recoveries) {
    if (!recovery.counts || recovery.day > as_of) continue;
    lines.push_back({recovery.day, "recovery", recovery.event->recovery_id, {},
                     -Int128(recovery.event->amount_minor), std::nullopt});
  }
  std::ranges::stable_sort(lines, {}, [](const Line& line) { return std::tuple(line.from, line.type, line.id); });
  std::vector<Row> applications;
  for (const Line& line : lines) {
    Row& one = applications.emplace_back();
    one.add("type", Value::text(line.type));
    one.add("id", Value::text(line.id));
    one.add("source_id", text_or_null(line.source_id));
    one.add("amount", Value::amount(line.minor, currency));
    one.add("from", Value::date(line.from));
    one.add("until", date_or_null(line.until));
  }
  page.add("applications", Value::list_of_rows(std::move(applications)));
  page.add("events", events_of(question, *found.shard, account, customer.document(ref)));
  return answer;
}

Answer payment_page(Question& question, std::string_view payment_id) {
  const DocumentRef ref{DocumentKind::kPayment, payment_id};
  const Found found = find(question, ref, "payment", [&](domain::AccountState& account) {
    return account.source(ref) != nullptr;
  });
  const Day as_of = question.as_of();
  CustomerContext& customer = *found.customer;
  const domain::Source& payment = *customer.account().source(ref);
  const Currency currency = payment.currency;
  Int128 refunded = 0;
  for (const domain::Refund& refund : payment.refunds) {
    if (refund.in_sequence && refund.event->value_date <= as_of) refunded += refund.event->amount_minor;
  }
  Answer answer;
  Row& page = answer.head;
  page.add("customer_id", Value::text(customer.name()));
  page.add("payment_id", Value::text(payment_id));
  page.add("currency", Value::text(currency.code()));
  page.add("amount", Value::amount(payment.amount, currency));
  page.add("value_date", Value::date(payment.day));
  page.add("reversed_on",
           payment.ended_day <= as_of ? Value::date(payment.ended_day) : Value());
  page.add("refunded", Value::amount(refunded, currency));
  page.add("unapplied", Value::amount(payment.unapplied(as_of), currency));
  page.add("method", text_or_null(payment.payment->method));
  page.add("reference", text_or_null(payment.payment->reference));
  page.add("counterparty_customer_id", text_or_null(payment.payment->counterparty_customer_id));
  std::vector<Row> allocations;
  for (const domain::Item& item : payment.items) {
    const char* state = "in_effect";
    if (item.state == domain::ItemState::kWaiting) {
      state = "waiting";
    } else if (item.from > as_of) {
      state = "future";
    } else if (item.state == domain::ItemState::kCurrencyMismatch ||
               item.state == domain::ItemState::kDoesNotFit) {
      state = "rejected";
    } else if (item.state == domain::ItemState::kNeverInEffect || item.until <= as_of) {
      state = "ended";
    }
    Row& one = allocations.emplace_back();
    one.add("allocation_id", Value::text(item.allocation_id));
    one.add("invoice_id", Value::text(item.invoice_id));
    one.add("amount", Value::amount(item.amount, currency));
    one.add("taken_back", Value::amount(item.taken(as_of), currency));
    one.add("from", Value::date(item.from));
    one.add("until", item.until == kNever ? Value() : Value::date(item.until));
    one.add("state", Value::text(state));
  }
  page.add("allocations", Value::list_of_rows(std::move(allocations)));
  page.add("events",
           events_of(question, *found.shard, customer.account(), customer.document(ref)));
  return answer;
}

Answer order_page(Question& question, std::string_view order_id) {
  const DocumentRef ref{DocumentKind::kOrder, order_id};
  const Found found = find(question, ref, "order", [&](domain::AccountState& account) {
    return account.order(order_id) != nullptr;
  });
  const Day as_of = question.as_of();
  CustomerContext& customer = *found.customer;
  domain::AccountState& account = customer.account();
  const domain::Order& order = *account.order(order_id);
  const Currency currency = order.placed->currency;
  const domain::Attributes attributes = order.attributes();

  std::optional<Day> requested = order.placed->requested_date;
  for (const auto& change : order.changes) {
    const auto* changed = std::get_if<domain::OrderChanged>(&change.fact->event.payload);
    if (changed != nullptr && changed->requested_date && order.counts(change.day, as_of)) {
      requested = changed->requested_date;
    }
  }
  // Promises of confirmations and delays, by occurred_at.
  std::vector<std::pair<std::pair<Instant, domain::Position>, Day>> promises;
  for (const auto* moments : {&order.confirmations, &order.delays}) {
    for (const auto& moment : *moments) {
      if (!order.counts(moment.day, as_of)) continue;
      std::optional<Day> promised;
      if (const auto* confirmed = std::get_if<domain::OrderConfirmed>(&moment.fact->event.payload)) {
        promised = confirmed->promised_date;
      } else {
        promised = std::get<domain::OrderDelayed>(moment.fact->event.payload).promised_date;
      }
      if (promised) {
        promises.push_back({{moment.fact->event.occurred_at, moment.fact->at}, *promised});
      }
    }
  }
  std::ranges::sort(promises);

  Answer answer;
  Row& page = answer.head;
  page.add("customer_id", Value::text(customer.name()));
  page.add("order_id", Value::text(order_id));
  page.add("kind", Value::text(domain::order_kind_name(static_cast<std::uint8_t>(order.placed->kind))));
  page.add("currency", Value::text(currency.code()));
  page.add("region", text_or_null(customer.region(attributes)));
  page.add("sales_rep", text_or_null(customer.sales_rep(attributes)));
  page.add("channel", text_or_null(order.placed->channel));
  page.add("requested_date", date_or_null(requested));
  page.add("first_promise", promises.empty() ? Value() : date_or_null(promises.front().second));
  page.add("last_promise", promises.empty() ? Value() : date_or_null(promises.back().second));

  std::vector<Row> lines;
  for (const domain::LineOnDate& line : order.lines(as_of)) {
    Row& one = lines.emplace_back();
    one.add("line_id", Value::text(line.line_id));
    one.add("sku", Value::text(line.terms->sku));
    one.add("quantity", Value::quantity(line.quantity));
    one.add("remaining_quantity", Value::quantity(line.remaining));
    one.add("dispatched", Value::quantity(line.dispatched));
    one.add("returned", Value::quantity(line.returned));
    one.add("delivered", Value::quantity(line.delivered));
    one.add("net", Value::amount(line.terms->net_minor, currency));
    one.add("tax", Value::amount(line.terms->tax_minor.value_or(0), currency));
  }
  page.add("lines", Value::list_of_rows(std::move(lines)));

  Row milestones;
  const domain::Milestones reached = order.placed_day <= as_of
                                         ? domain::milestones_on(account, order, as_of)
                                         : domain::Milestones{};
  for (std::size_t i = 0; i < domain::kMilestoneCount; ++i) {
    if (!reached[i]) continue;
    milestones.add(std::string(domain::milestone_name(static_cast<domain::Milestone>(i))),
                   Value::instant(*reached[i]));
  }
  page.add("milestones", Value::object(std::move(milestones)));

  std::vector<std::string_view> shipment_ids;
  for (const auto& dispatch : order.dispatches) {
    if (order.counts(dispatch.day, as_of)) shipment_ids.push_back(dispatch.event->shipment_id);
  }
  page.add("shipments", Value::list_of_texts(shipment_ids));
  std::vector<std::string_view> invoice_ids;
  for (const domain::Invoice* invoice : account.invoices_of(order)) {
    if (invoice->issued->issue_date <= as_of) invoice_ids.push_back(invoice->ref.id);
  }
  std::ranges::sort(invoice_ids);
  page.add("invoices", Value::list_of_texts(invoice_ids));
  page.add("events", events_of(question, *found.shard, account, customer.document(ref)));
  return answer;
}

}  // namespace daybook::query
