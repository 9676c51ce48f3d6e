// What pages and lists of documents say alike: the fields of each kind of document that are no lists, and the parts
// that pages share.
#pragma once

#include <vector>

#include "domain/figures.h"
#include "query/description.h"
#include "query/shard_reader.h"
#include "query/value.h"

namespace daybook::query {

// Fields of an invoice, and what they are as of the question's date. So for the others.
std::vector<Field> invoice_fields();
void add_invoice(Row& row, const ShardReader& shard, AccountReader& account, const domain::Invoice& invoice,
                 const domain::InvoiceState& state);
std::vector<Field> payment_fields();
void add_payment(Row& row, const ShardReader& shard, AccountReader& account, const domain::Source& payment);
std::vector<Field> credit_note_fields();
void add_credit_note(Row& row, const ShardReader& shard, AccountReader& account, const domain::Source& note);
std::vector<Field> order_fields();
void add_order(Row& row, const ShardReader& shard, AccountReader& account, const domain::Order& order);

// The invoice on the question's date; nothing is open before its issue date.
domain::InvoiceState invoice_state(const ShardReader& shard, AccountReader& account, const domain::Invoice& invoice);

// "allocations" of a payment or credit note.
Field allocations_field();
Value allocations_of(const domain::Source& source, Day as_of);

}  // namespace daybook::query
