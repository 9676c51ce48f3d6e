#include "query/event_content.h"

#include <concepts>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "domain/event_types.h"
#include "events/json.h"
#include "store/event_fields.h"

namespace daybook::query {
namespace {

// Takes the fields of an event, one after the other; what is left out is left out.
class ContentWriter {
 public:
  Row take() { return std::move(row_); }

  void operator()(std::string_view name, std::string_view text) {
    if (!text.empty()) add(name, Value::text(text));
  }
  // A date, but for numbers of days.
  void operator()(std::string_view name, Day day) {
    add(name, name.ends_with("_days") ? Value::integer(day) : Value::date(day));
  }
  // 64 bits are a text in JSON of protobuf.
  void operator()(std::string_view name, std::int64_t number) { add(name, Value::text(std::to_string(number))); }
  void operator()(std::string_view name, bool flag) {
    if (flag) add(name, Value::boolean(true));
  }
  void operator()(std::string_view name, Currency currency) {
    if (currency) add(name, Value::text(currency.code()));
  }
  void operator()(std::string_view name, const Decimal& decimal) { add(name, Value::text(format_decimal(decimal))); }
  template <typename Enum>
    requires std::is_enum_v<Enum>
  void operator()(std::string_view name, Enum value) {
    (*this)(name, domain::enumerator_name(value));
  }
  template <typename T>
  void operator()(std::string_view name, const std::optional<T>& value) {
    if (value) (*this)(name, *value);
  }
  template <typename T>
  void operator()(std::string_view name, std::span<const T> items) {
    if (items.empty()) return;
    if constexpr (std::is_same_v<T, std::string_view>) {
      add(name, Value::list_of_texts(items));
    } else {
      std::vector<Row> rows;
      for (const T& item : items) {
        ContentWriter writer;
        store::fields_of(writer, const_cast<T&>(item));  // NOLINT: only read.
        rows.push_back(writer.take());
      }
      add(name, Value::list_of_rows(std::move(rows)));
    }
  }

 private:
  void add(std::string_view name, Value value) { row_.add(std::string(name), std::move(value)); }

  Row row_;
};

// What the id of a document is called in its events; empty where they say nothing of it, or claim it.
std::string_view id_name(domain::DocumentKind kind) {
  using Kind = domain::DocumentKind;
  switch (kind) {
    case Kind::kOrder: return "order_id";
    case Kind::kInvoice: return "invoice_id";
    case Kind::kCreditNote: return "credit_note_id";
    case Kind::kPayment: return "payment_id";
    case Kind::kPromise: return "promise_id";
    case Kind::kRefund:
    case Kind::kCustomer:
    case Kind::kTarget:
    case Kind::kRate: return {};
  }
  return {};
}

Value value_of(const boost::json::value& json) {
  if (const auto* text = json.if_string()) return Value::text(*text);
  if (const auto* flag = json.if_bool()) return Value::boolean(*flag);
  if (const auto* number = json.if_int64()) return Value::integer(*number);
  if (const auto* number = json.if_uint64()) return Value::integer(*number);
  if (const auto* items = json.if_array()) {
    std::vector<Value> values;
    for (const boost::json::value& item : *items) values.push_back(value_of(item));
    return Value::list(std::move(values));
  }
  Row row;
  if (const auto* object = json.if_object()) {
    for (const auto& [name, value] : *object) row.add(std::string(name), value_of(value));
  }
  return Value::object(std::move(row));
}

}  // namespace

Value content_of(const events::v1::Event& message) { return value_of(events::to_json_value(message)); }

Value content_of(const domain::Event& event, std::string_view customer_id) {
  ContentWriter payload;
  const domain::DocumentRef document = domain::document_of(event.payload);
  if (const std::string_view name = id_name(document.kind); !name.empty()) payload(name, document.id);
  std::visit(
      [&]<typename P>(const P& told) {
        store::stored_fields_of(payload, const_cast<P&>(told));  // NOLINT: only read.
      },
      event.payload);
  Row content;
  content.add("event_id", Value::text(event.event_id.text()));
  content.add("customer_id", Value::text(customer_id));
  content.add("source", Value::text(event.source));
  content.add("occurred_at", Value::instant(event.occurred_at));
  content.add(std::string(domain::payload_name(event.payload.index())), Value::object(payload.take()));
  return Value::object(std::move(content));
}

}  // namespace daybook::query
