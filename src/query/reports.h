// The list of reports that can be asked from outside: each is a file under reports/, which defines NAME_report().
#pragma once

#include "query/report.h"

#define DAYBOOK_REPORTS(REPORT) \
  REPORT(ageing)                \
  REPORT(ageing_trend)          \
  REPORT(anomalies)             \
  REPORT(bridge)                \
  REPORT(credit_note)           \
  REPORT(credit_notes)          \
  REPORT(customer)              \
  REPORT(customers)             \
  REPORT(cycle_orders)          \
  REPORT(dunning)               \
  REPORT(entries)               \
  REPORT(event)                 \
  REPORT(factors)               \
  REPORT(invoice)               \
  REPORT(invoices)              \
  REPORT(items)                 \
  REPORT(on_time)               \
  REPORT(open_orders)           \
  REPORT(order)                 \
  REPORT(order_cycle)           \
  REPORT(orders)                \
  REPORT(parked)                \
  REPORT(payment)               \
  REPORT(payments)              \
  REPORT(ratios)                \
  REPORT(reconciliation)        \
  REPORT(restatement)           \
  REPORT(sales)                 \
  REPORT(sales_postings)        \
  REPORT(search)                \
  REPORT(shipment)              \
  REPORT(shipments)             \
  REPORT(statement)             \
  REPORT(worklist)

namespace daybook::query {

#define DAYBOOK_DECLARE_REPORT(name) const Report& name##_report();
DAYBOOK_REPORTS(DAYBOOK_DECLARE_REPORT)
#undef DAYBOOK_DECLARE_REPORT

}  // namespace daybook::query
