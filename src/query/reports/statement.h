// A statement of account, and the page that it is printed as.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "query/period.h"
#include "query/value.h"

namespace daybook::query {

struct StatementLine {
  Day day = 0;
  std::string type;        // Of the event.
  std::size_t column = 0;  // Of the bridge.
  std::string document_id;
  Int128 amount = 0;
  Int128 running = 0;
  std::optional<Day> due_date;  // Of an invoice: the latest, as of the last day.
  Row event;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(day, type, column, document_id, amount, running, due_date, event);
  }
  bool is_sound() const;
};

// What is open on the last day: an instalment, or a credit with negative amounts.
struct StatementItem {
  std::string document_id;
  std::string kind;
  int instalment = 0;  // 0: a credit.
  Day date = 0;        // Issue date or value date.
  std::optional<Day> due_date;
  Int128 amount = 0;
  Int128 open = 0;
  Int128 disputed = 0;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(document_id, kind, instalment, date, due_date, amount, open, disputed);
  }
};

struct CurrencyStatement {
  Int128 brought_forward = 0;
  std::vector<StatementLine> lines;
  Row ageing;
  std::vector<StatementItem> items;  // By due date, those of credits by their own.

  Int128 carried_forward() const { return lines.empty() ? brought_forward : lines.back().running; }
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(brought_forward, lines, ageing, items);
  }
};

struct Statement {
  std::string name;
  std::map<Currency, CurrencyStatement> currencies;

  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(name, currencies);
  }
};

// As HTML to print, in English ("en") or Chinese ("zh").
std::string statement_page(std::string_view customer_id, const Statement& statement, const Period& span,
                           std::string_view lang);

}  // namespace daybook::query
