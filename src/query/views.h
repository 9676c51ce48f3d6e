// The views, each a function from a question to an answer (docs/figures.md says what they mean).
// They throw Refusal for what cannot be answered.
#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <stop_token>
#include <string_view>

#include "store/parked.h"
#include "query/view.h"

namespace daybook::query {

// What reconciling with a file may take, its answer included.
struct LedgerMemory {
  std::size_t bytes_max = std::numeric_limits<std::size_t>::max();
  // Asked before so many bytes are taken in all; false: others have them just now.
  std::function<bool(std::size_t bytes)> may_take = [](std::size_t) { return true; };
};

Answer ageing(Question& question);
Answer receivable_items(Question& question);
Answer receivable_entries(Question& question);
Answer receivable_bridge(Question& question);
Answer receivable_restatement(Question& question);
Answer receivable_ratios(Question& question);
Answer worklist(Question& question);
Answer dunning(Question& question);
// `body`: a CSV of finance's own ledger.
// Gives up, with a 503, once nobody waits for it.
Answer reconciliation(Question& question, std::string_view body, const std::stop_token& stop, const LedgerMemory& memory);
Answer customer_statement(Question& question, std::string_view customer_id);
Answer order_cycle(Question& question);
Answer sales(Question& question);
Answer customers(Question& question);
Answer customer_page(Question& question, std::string_view customer_id);
Answer invoice_page(Question& question, std::string_view invoice_id);
Answer payment_page(Question& question, std::string_view payment_id);
Answer order_page(Question& question, std::string_view order_id);
Answer anomalies(Question& question);
Answer parked_records(Question& question);
// Parked records of a shard that are known.
std::int64_t parked_count(const ShardSnapshot& shard);

// What became of a parked record. The record stays as it is.
enum class Resolution {
  kOpen,
  kResolved,  // An event with its event_id was accepted, in the document of the account that it names.
  kNever,     // What it holds names none of these: whether it was told again, nobody can know.
};
// A function of the facts. `shards`: all of a model, by partition.
Resolution resolution_of(std::span<const std::shared_ptr<const ShardSnapshot>> shards, const domain::Rules& rules,
                         const store::ParkedRecord& parked);
// How many are open. Throws a Refusal where the store cannot be read.
std::int64_t unresolved_parked(const ReadModel& model);

// Every kind of anomaly, parked reasons among them.
std::vector<std::string> anomaly_kinds();
// How many of each kind are open, none too.
std::map<std::string, std::int64_t> open_anomalies(Question& question);

// An open item of the ageing: an instalment, or a credit with negative amounts.
struct OpenItem {
  std::string_view document_id;
  std::string kind;
  int instalment = 0;  // 0: a credit.
  Day date = 0;        // Issue date or value date.
  std::optional<Day> due_date;
  Currency currency;
  Int128 amount = 0;
  Int128 open = 0;
  Int128 disputed = 0;
  domain::Attributes attributes;
  bool over_applied = false;
  // Tells refunds with one id apart: what they were paid out of.
  std::string_view source_id;
};
// Open items of these documents of an account on a date, in no order.
std::vector<OpenItem> open_items(CustomerContext& customer, std::span<const domain::DocumentRef> documents,
                                 Day as_of);
// An item as every answer shows it, with and without its customer.
Row item_row(const OpenItem& item, CustomerContext& customer, Day aged_on);
std::string item_key(const OpenItem& item, std::string_view customer_id);

// Columns of the ageing that do not depend on buckets, of one account and currency.
struct AccountBalance {
  Int128 gross_open = 0;
  Int128 disputed = 0;
  Int128 unapplied_cash = 0;
  Int128 open_credits = 0;

  Int128 balance() const { return gross_open - unapplied_cash - open_credits; }
};
struct Account {
  std::map<Currency, AccountBalance> balances;
  // The documents that have open items are among those of these days (CustomerContext::opened_on).
  std::vector<Day> open_days;
};
Account account_on(const ShardSnapshot& shard, store::LabelId customer, Day as_of);

// Columns of the ageing of one account by currency, with the default buckets; those without anything are left out.
std::map<Currency, Row> account_ageing(const ShardSnapshot& shard, store::LabelId customer, Day as_of);
Row empty_ageing(Currency currency);

// The proof: for every account and currency, or over all accounts for every currency, the balance by open amounts
// less the balance by ledger entries, as of a date. Empty when all is well.
struct ProofFault {
  std::string customer_id;  // Empty: all.
  Currency currency;
  Int128 difference = 0;
};
std::vector<ProofFault> proof_faults(const ShardSnapshot& shard, Day as_of, Detail detail);

}  // namespace daybook::query
