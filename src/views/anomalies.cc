// What does not add up: anomalies of the facts, and parked records.
#include <fmt/format.h>
#include <openssl/evp.h>

#include "engine/shard.h"
#include "store/anomalies.h"
#include "store/keys.h"
#include "views/recollection.h"
#include "views/views.h"

namespace daybook::views {
namespace {

// What a view of anomalies shows for each kind, customer and document: the lowest position.
struct Shown {
  domain::Position at;
  std::int32_t partition = 0;
  std::string detail;
  std::string event_json;
};
using ShownBy = std::map<std::tuple<std::string, std::string, std::string>, Shown>;

void keep_lowest(ShownBy& all, std::tuple<std::string, std::string, std::string> by, Shown shown) {
  const auto [at, is_new] = all.try_emplace(std::move(by), shown);
  if (!is_new && shown.at < at->second.at) at->second = std::move(shown);
}

std::string detail_of(domain::AnomalyKind kind) {
  using K = domain::AnomalyKind;
  switch (kind) {
    case K::kAllocationExceedsPayment: return "more is allocated than the payment or credit note had left";
    case K::kConflictingRepeat: return "a later record says something else under an id that already stands";
    case K::kCurrencyMismatch: return "the currency is not that of the document it refers to";
    case K::kOverApplied: return "more is applied or written off than the invoice is worth";
    case K::kRecoveryExceedsWriteOff: return "more is recovered than is left of the write-off";
    case K::kRefundExceedsUnapplied: return "more is refunded than is unapplied";
    case K::kUnknownAllocation: return "no such allocation was read yet";
    case K::kUnknownCreditNote: return "no such credit note was read yet";
    case K::kUnknownDispute: return "no such dispute was read yet";
    case K::kUnknownInvoice: return "no such invoice was read yet";
    case K::kUnknownOrder: return "no such order was read yet";
    case K::kUnknownPayment: return "no such payment was read yet";
    case K::kUnknownPromise: return "no such promise was read yet";
    case K::kUnknownShipment: return "no such shipment of the order was read yet";
    case K::kUnknownWriteOff: return "no such write-off was read yet";
    case K::kPaymentBeforeInvoice: return "cash settles an invoice that was issued after its value date";
    case K::kInvoicedOverOrdered: return "more is invoiced than was ordered";
    case K::kShippedOverOrdered: return "more of a line was dispatched than was ordered";
    case K::kReturnedOverDispatched: return "more of a line came back than was dispatched";
    case K::kDeliveredNotInvoiced: return "delivered for some time, and no invoice";
    case K::kShippedWithoutProofOfDelivery: return "dispatched for some time, and no proof of delivery";
    case K::kInvoiceNotReceived: return "issued and open for some time, and not known to have reached the customer";
    case K::kMilestonesOutOfOrder: return "a milestone of the order comes before the one it follows";
    case K::kOverCreditLimit: return "the exposure is above the credit limit";
    case K::kMissingRate: return "part of the exposure has no rate to the credit currency";
  }
  return "";
}

std::string to_base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends with a zero byte.
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

// A parked record names at most what its bytes gave; its event is not one of ours.
std::string parked_ref(const Question& question, const ShardPicture& shard,
                       const engine::ParkedRecord& parked) {
  JsonWriter json;
  json.begin_object();
  json.field("event_id", Value());
  json.field("type", Value());
  json.field("topic", log::topic_name(question.model().topic_prefix(),
                                      static_cast<log::Topic>(parked.topic)));
  json.field("partition", shard.partition);
  json.field("offset", parked.offset);
  json.field("recorded_at", format_instant_ms(parked.recorded_ms));
  json.field("occurred_at", Value());
  json.end_object();
  return json.take();
}

void for_each_parked(const ShardPicture& shard,
                     const std::function<void(const engine::ParkedRecord&)>& visit) {
  std::optional<Error> error;
  const auto scanned = shard.reads->scan(
      store::Table::kMeta, std::string(1, store::kParkedPrefix), "",
      [&](std::string_view key, std::string_view value) {
        const auto parked = engine::ParkedRecord::decode(key, value);
        if (!parked) {
          error = parked.error();
          return false;
        }
        if (shard.recollection == nullptr || parked->recorded_ms <= shard.recollection->recorded_ms()) visit(*parked);
        return true;
      });
  if (!scanned) refuse(scanned.error());
  if (error) refuse(*error);
}

std::string parked_id(const Question& question, const ShardPicture& shard,
                      const engine::ParkedRecord& parked) {
  return fmt::format("{}:{}:{}",
                     log::topic_name(question.model().topic_prefix(),
                                     static_cast<log::Topic>(parked.topic)),
                     shard.partition, parked.offset);
}

void add_parked(ShownBy& all, const Question& question, const ShardPicture& shard) {
  for_each_parked(shard, [&](const engine::ParkedRecord& parked) {
    keep_lowest(all,
                {std::string(events::park_reason_name(parked.reason)), parked.customer_id,
                 parked_id(question, shard, parked)},
                {{parked.topic, parked.offset}, shard.partition, parked.detail,
                 parked_ref(question, shard, parked)});
  });
}

// Anomalies of documents, whenever they are open.
void for_each_stored(const ShardPicture& shard, const std::function<void(const store::StoredAnomaly&)>& visit) {
  std::optional<Error> error;
  const auto take = [&](std::string_view key, std::string_view value) {
    const auto stored = store::decode_anomaly(key, value);
    if (!stored) {
      error = stored.error();
      return false;
    }
    visit(*stored);
    return true;
  };
  if (shard.recollection != nullptr) {
    shard.recollection->for_each_contribution(
        shard, {}, [&](store::LabelId, domain::DocumentRef, engine::Contribution& contribution) {
          for (const store::AnomalyRow& row : contribution.anomalies()) take(row.key, row.value);
        });
  } else {
    const auto scanned = shard.reads->scan(store::Table::kMeta, std::string(1, store::kAnomalyPrefix), "", take);
    if (!scanned) refuse(scanned.error());
  }
  if (error) refuse(*error);
}

void add_found(ShownBy& all, const Question& question, const ShardPicture& shard, Day as_of) {
  for_each_stored(shard, [&](const store::StoredAnomaly& stored) {
    const domain::Anomaly& anomaly = stored.anomaly;
    if (as_of < anomaly.from || as_of >= anomaly.until) return;
    if (anomaly.while_overdrawn) {
      const auto balances = account_on(shard, stored.customer, as_of).balances;
      const auto at = balances.find(anomaly.while_overdrawn);
      if (at == balances.end() || at->second.unapplied_cash >= 0) return;
    }
    const std::string customer(shard.labels->get(stored.customer).customer);
    JsonWriter event;
    question.write_event(event, shard.partition, anomaly.at, anomaly.recorded_ms, anomaly.event_id,
                         anomaly.type, anomaly.occurred_at);
    keep_lowest(all,
                {std::string(domain::anomaly_name(anomaly.kind)), customer,
                 // Customer files, targets and rates are known by their account.
                 anomaly.document_id.empty() ? customer : std::string(anomaly.document_id)},
                {anomaly.at, shard.partition, detail_of(anomaly.kind), event.take()});
  });
}

}  // namespace

std::int64_t parked_count(const ShardPicture& shard) {
  std::int64_t count = 0;
  for_each_parked(shard, [&](const engine::ParkedRecord&) { ++count; });
  return count;
}

std::vector<std::string> anomaly_kinds() {
  std::vector<std::string> kinds;
  for (std::size_t i = 1; i <= domain::kAnomalyKindCount; ++i) {
    kinds.emplace_back(domain::anomaly_name(static_cast<domain::AnomalyKind>(i)));
  }
  for (int i = 1; i <= static_cast<int>(events::ParkReason::kInvalid); ++i) {
    kinds.emplace_back(events::park_reason_name(static_cast<events::ParkReason>(i)));
  }
  return kinds;
}

Answer anomalies(Question& question) {
  const auto kind = question.parameters().text("kind");
  if (kind) question.parameters().one_of("kind", anomaly_kinds(), *kind);
  question.parameters().one_of("state", {"open"}, "open");
  const auto customer_id = question.parameters().text("customer_id");
  ShownBy all;
  for (const auto& shard : question.shards()) {
    add_found(all, question, *shard, question.as_of());
    add_parked(all, question, *shard);
  }
  Answer answer = question.list(
      "anomalies", {"kind", "state", "customer_id", "document_id", "detail", "event"});
  for (const auto& entry : all) {
    const auto& [name, customer, document] = entry.first;
    if ((kind && *kind != name) || (customer_id && *customer_id != customer)) continue;
    answer.rows.add(sort_key({name, customer, document}), [&] {
      const auto& [by, shown] = entry;
      Row row;
      row.add("kind", Value::text(std::get<0>(by)));
      row.add("state", Value::text("open"));
      row.add("customer_id", Value::text(std::get<1>(by)));
      row.add("document_id", Value::text(std::get<2>(by)));
      row.add("detail", Value::text(shown.detail));
      row.add("event", Value::json(shown.event_json));
      return row;
    });
  }
  return answer;
}

Answer parked_records(Question& question) {
  Answer answer = question.list(
      "parked", {"topic", "partition", "offset", "recorded_at", "reason", "detail", "bytes"});
  for (const auto& shard : question.shards()) {
    for_each_parked(*shard, [&](const engine::ParkedRecord& parked) {
      const std::string topic =
          log::topic_name(question.model().topic_prefix(), static_cast<log::Topic>(parked.topic));
      answer.rows.add(sort_key({topic, sortable(shard->partition), sortable(parked.offset)}), [&] {
        Row row;
        row.add("topic", Value::text(topic));
        row.add("partition", Value::number(shard->partition));
        row.add("offset", Value::number(parked.offset));
        row.add("recorded_at", Value::text(format_instant_ms(parked.recorded_ms)));
        row.add("reason", Value::text(events::park_reason_name(parked.reason)));
        row.add("detail", Value::text(parked.detail));
        row.add("bytes", Value::text(to_base64(parked.value.value_or(""))));
        return row;
      });
    });
  }
  return answer;
}

}  // namespace daybook::views
