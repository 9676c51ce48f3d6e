#include "query/caller_notes.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <tuple>

#include "domain/figures.h"
#include "query/balances.h"
#include "query/document_reader.h"
#include "query/document_scan.h"

namespace daybook::query {
namespace {

using domain::DocumentKind;
using domain::DocumentRef;

// A payment that was received, be it reversed or not.
struct Candidate {
  Day day = 0;
  domain::Position at;
  std::string id;
};

Value last_payment(const ShardReader& shard, AccountReader& account, Currency currency, Day as_of) {
  domain::AccountState& state = account.account();
  std::vector<Candidate> candidates;
  for_each_document(
      shard.shard(), account.id(), DocumentKind::kPayment, DocumentKind::kPayment,
      [](std::string_view) { return true; },
      [&](const domain::Document& document) {
        for (const domain::Fact& fact : document.facts) {
          const auto* received = std::get_if<domain::PaymentReceived>(&fact.event.payload);
          if (received == nullptr || received->currency != currency || received->value_date > as_of ||
              !state.admits(fact))
            continue;
          candidates.push_back({received->value_date, fact.at, std::string(document.ref.id)});
        }
      });
  std::ranges::sort(candidates, std::ranges::greater(), [](const Candidate& one) { return std::tie(one.day, one.at); });
  for (const Candidate& one : candidates) {
    const domain::Source* payment = state.source(DocumentRef{DocumentKind::kPayment, one.id});
    if (payment == nullptr || !payment->exists(as_of)) continue;
    Row row;
    row.add("date", Value::date(payment->day));
    row.add("amount", Value::amount(payment->amount, currency));
    return Value::object(std::move(row));
  }
  return {};
}

Value disputes(const ShardReader& shard, AccountReader& account, Currency currency, Day as_of) {
  domain::AccountState& state = account.account();
  std::vector<Row> rows;
  for (const DocumentRef& ref : account.opened_on(open_account(shard, account, as_of).open_days)) {
    if (ref.kind != DocumentKind::kInvoice) continue;
    const domain::Invoice* invoice = state.invoice(ref.id);
    if (invoice == nullptr || invoice->issued->currency != currency || !invoice->in_force(as_of)) continue;
    const Int128 open = domain::state_on(state, *invoice, as_of).open;
    if (open == 0) continue;
    std::vector<const domain::Invoice::Dispute*> in_force;
    for (const domain::Invoice::Dispute& dispute : invoice->disputes) {
      if (dispute.from <= as_of && as_of < dispute.until) in_force.push_back(&dispute);
    }
    std::ranges::sort(in_force, {}, [](const auto* dispute) { return dispute->event->dispute_id; });
    for (const domain::Invoice::Dispute* dispute : in_force) {
      const auto& stated = dispute->event->amount_minor;
      Row& one = rows.emplace_back();
      one.add("dispute_id", Value::text(dispute->event->dispute_id));
      one.add("invoice_id", Value::text(ref.id));
      one.add("reason_code", text_or_null(dispute->event->reason_code));
      one.add("from", Value::date(dispute->from));
      one.add("amount", Value::amount(stated ? std::min<Int128>(*stated, open) : open, currency));
    }
  }
  return Value::list_of_rows(std::move(rows));
}

}  // namespace

namespace parameters {

Parameter details() {
  return choice("details", {"true", "false"}, "false", "true: the last payment and the disputes of each as well.");
}

}  // namespace parameters

bool asks_details(const Question& question) { return question.arguments.choice("details") == "true"; }

Row caller_notes(const ShardReader& shard, AccountReader& account, Currency currency, Day as_of) {
  if (!shard.sees(account)) return no_caller_notes();
  Row notes;
  notes.add("last_payment", last_payment(shard, account, currency, as_of));
  notes.add("disputes", disputes(shard, account, currency, as_of));
  return notes;
}

Row no_caller_notes() {
  Row notes;
  notes.add("last_payment", Value());
  notes.add("disputes", Value::list({}));
  return notes;
}

std::vector<Field> caller_note_fields() {
  using namespace fields;
  return {object("last_payment", {date("date"), amount("amount")}).or_null().where_asked(),
          list("disputes",
               {text("dispute_id"), text("invoice_id"), text("reason_code").or_null(), date("from"), amount("amount")})
              .where_asked()};
}

std::vector<std::string> columns_with_notes(const Description& description) {
  std::vector<std::string> columns = description.columns();
  for (const char* name : {"last_payment.date", "last_payment.amount", "disputes"})
    columns.insert(std::prev(columns.end()), name);
  return columns;
}

}  // namespace daybook::query
