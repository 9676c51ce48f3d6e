#include "query/promises.h"

#include <algorithm>
#include <deque>

#include "domain/promises.h"
#include "query/document_pages.h"

namespace daybook::query {
namespace {

using domain::DocumentKind;
using domain::DocumentRef;

// The account's documents of a kind; their ids are kept in `ids`.
std::vector<DocumentRef> documents_of(const ShardSnapshot& shard, AccountNumber account, DocumentKind kind,
                                      std::deque<std::string>& ids) {
  using Next = store::StoreReader::Next;
  std::vector<DocumentRef> refs;
  const auto take = [&](std::string_view key, std::string_view) -> Result<Next> {
    ASSIGN_OR_RETURN(const store::DocumentKey parsed, store::DocumentKey::parse(key));
    ids.emplace_back(parsed.ref.id);
    refs.push_back({kind, ids.back()});
    return Next::kGoOn;
  };
  const auto scanned = shard.reads->scan(store::Table::kDocuments, store::DocumentKey::prefix(account, kind), "", take);
  if (!scanned) refuse(scanned.error());
  return refs;
}

// Whether a promise was made in words that `wanted` takes.
template <typename Wanted>
bool was_made(const domain::Document& promise, const Wanted& wanted) {
  return std::ranges::any_of(promise.facts, [&](const domain::Fact& fact) {
    const auto* made = std::get_if<domain::PromiseMade>(&fact.event.payload);
    return made != nullptr && wanted(*made);
  });
}

bool names_no_invoices(const domain::PromiseMade& made) { return made.invoice_ids.empty(); }

// A promise, and the document that it is.
struct Stands {
  domain::Promise promise;
  const domain::Document* document = nullptr;
};

// The account's promises made by a date in words that `wanted` takes, by promised date and id.
template <typename Wanted>
std::vector<Stands> promises_where(const ShardReader& shard, AccountReader& account, Day grace_days, Day as_of,
                                   const Wanted& wanted) {
  std::deque<std::string> ids;
  std::vector<DocumentRef> payments;
  std::vector<Stands> promises;
  domain::Cash cash(account.account(), as_of);
  for (const DocumentRef& ref : documents_of(shard.shard(), account.id(), DocumentKind::kPromise, ids)) {
    const domain::Document& document = account.document(ref);
    if (!was_made(document, wanted)) continue;
    if (payments.empty() && was_made(document, names_no_invoices)) {
      payments = documents_of(shard.shard(), account.id(), DocumentKind::kPayment, ids);
    }
    const auto promise = domain::promise_on(cash, document, payments, grace_days);
    if (promise && wanted(*promise->made)) promises.push_back({*promise, &document});
  }
  std::ranges::sort(promises, {}, [](const Stands& one) {
    return std::pair(one.promise.made->promised_date, one.promise.made->promise_id);
  });
  return promises;
}

Row row_of(const domain::Promise& promise) {
  const domain::PromiseMade& made = *promise.made;
  Row row;
  row.add("promise_id", Value::text(made.promise_id));
  row.add("currency", Value::text(made.currency.code()));
  row.add("amount", Value::amount(made.amount_minor, made.currency));
  row.add("promised_date", Value::date(made.promised_date));
  row.add("fulfilled", Value::amount(promise.fulfilled, made.currency));
  row.add("state", Value::text(domain::promise_state_name(promise.state)));
  return row;
}

}  // namespace

Value promises_of(const ShardReader& shard, AccountReader& account, std::optional<Currency> currency, Day grace_days,
                  Day as_of) {
  if (!shard.sees(account)) return Value::list({});
  const auto is_wanted = [&](const domain::PromiseMade& made) { return !currency || made.currency == *currency; };
  std::vector<Row> rows;
  for (const Stands& one : promises_where(shard, account, grace_days, as_of, is_wanted))
    rows.push_back(row_of(one.promise));
  return Value::list_of_rows(std::move(rows));
}

Value promises_naming(const ShardReader& shard, AccountReader& account, std::string_view invoice_id, Day as_of) {
  if (!shard.sees(account)) return Value::list({});
  const auto is_wanted = [&](const domain::PromiseMade& made) {
    return std::ranges::find(made.invoice_ids, invoice_id) != made.invoice_ids.end();
  };
  std::vector<Row> rows;
  for (const Stands& one : promises_where(shard, account, kGraceDays, as_of, is_wanted)) {
    Row& row = rows.emplace_back(row_of(one.promise));
    row.add("events", events_of(shard, account, *one.document));
  }
  return Value::list_of_rows(std::move(rows));
}

const std::vector<Field>& promise_fields() {
  using namespace fields;
  static const std::vector<Field> all = {
      text("promise_id"),    text("currency"),    amount("amount"),
      date("promised_date"), amount("fulfilled"), text("state", "open, kept, partly_kept, broken or withdrawn.")};
  return all;
}

}  // namespace daybook::query
