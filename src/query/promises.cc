#include "query/promises.h"

#include <algorithm>
#include <deque>

#include "domain/promises.h"

namespace daybook::query {
namespace {

using domain::DocumentKind;
using domain::DocumentRef;

// The account's documents of a kind; their ids are kept in `ids`.
std::vector<DocumentRef> documents_of(const ShardSnapshot& shard, AccountNumber account, DocumentKind kind,
                                      std::deque<std::string>& ids) {
  using Next = store::Reads::Next;
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

bool names_no_invoices(const domain::Document& promise) {
  return std::ranges::any_of(promise.facts, [](const domain::Fact& fact) {
    const auto* made = std::get_if<domain::PromiseMade>(&fact.event.payload);
    return made != nullptr && made->invoice_ids.empty();
  });
}

}  // namespace

Value promises_of(const ShardReader& shard, AccountReader& account, std::optional<Currency> currency, Day grace_days,
                  Day as_of) {
  if (!shard.sees(account)) return Value::list({});
  std::deque<std::string> ids;
  std::vector<DocumentRef> payments;
  std::vector<domain::Promise> promises;
  for (const DocumentRef& ref : documents_of(shard.shard(), account.id(), DocumentKind::kPromise, ids)) {
    const domain::Document& document = account.document(ref);
    if (payments.empty() && names_no_invoices(document)) {
      payments = documents_of(shard.shard(), account.id(), DocumentKind::kPayment, ids);
    }
    const auto promise = domain::promise_on(account.account(), document, payments, grace_days, as_of);
    if (promise && (!currency || promise->made->currency == *currency)) promises.push_back(*promise);
  }
  std::ranges::sort(promises, {}, [](const domain::Promise& promise) {
    return std::pair(promise.made->promised_date, promise.made->promise_id);
  });
  std::vector<Row> rows;
  for (const domain::Promise& promise : promises) {
    const domain::PromiseMade& made = *promise.made;
    Row& one = rows.emplace_back();
    one.add("promise_id", Value::text(made.promise_id));
    one.add("currency", Value::text(made.currency.code()));
    one.add("amount", Value::amount(made.amount_minor, made.currency));
    one.add("promised_date", Value::date(made.promised_date));
    one.add("fulfilled", Value::amount(promise.fulfilled, made.currency));
    one.add("state", Value::text(domain::promise_state_name(promise.state)));
  }
  return Value::list_of_rows(std::move(rows));
}

const std::vector<Field>& promise_fields() {
  using namespace fields;
  static const std::vector<Field> all = {text("promise_id"),
                                         text("currency"),
                                         amount("amount"),
                                         date("promised_date"),
                                         amount("fulfilled"),
                                         text("state", "open, kept, partly_kept, broken or withdrawn.")};
  return all;
}

}  // namespace daybook::query
