// Open items: what the cells of the ageing are made of, one an instalment or credit.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "domain/credits_laid_over.h"
#include "domain/document.h"
#include "query/account_reader.h"
#include "query/description.h"
#include "query/value.h"

namespace daybook::query {

// An instalment, or a credit with negative amounts.
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

  // Of an instalment: in which order credits are laid over several (domain::OpenDebt).
  auto place() const { return domain::OpenDebt{*due_date, date, document_id, instalment}.place(); }
};
// What is left of credits that were laid over instalments: of no document, region or rep.
inline constexpr std::string_view kOnAccount = "ON_ACCOUNT";

// Open items of these documents of an account on a date, in no order.
std::vector<OpenItem> open_items(AccountReader& account, std::span<const domain::DocumentRef> documents, Day as_of);

// An item as every answer shows it, and its fields.
Row item_row(const OpenItem& item, AccountReader& account, Day aged_on);
const std::vector<Field>& item_fields();
// By customer, currency, due date.
std::string item_key(const OpenItem& item, std::string_view customer_id);

}  // namespace daybook::query
