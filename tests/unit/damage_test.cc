// What the store holds damaged: no answer goes without it, and the audit names it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "store/document_codec.h"
#include "store/keys.h"
#include "store/shard_state.h"
#include "support/ask.h"
#include "support/book.h"

namespace daybook {
namespace {

using domain::DocumentKind;
using domain::DocumentRef;

// A shard as it is, with nobody who mends it.
class Unwatched : public query::ReadModel {
 public:
  Unwatched(engine::Shard& shard, const domain::Rules& rules) : shard_(shard), rules_(rules) {}
  std::int32_t partition_count() const override { return 1; }
  const domain::Rules& rules() const override { return rules_; }
  const std::string& topic_prefix() const override { return prefix_; }
  Result<std::shared_ptr<const query::ShardSnapshot>> open(std::int32_t) const override {
    auto snapshot = std::make_shared<query::ShardSnapshot>();
    snapshot->reads = shard_.store().snapshot();
    snapshot->labels = &shard_.labels();
    ASSIGN_OR_RETURN(snapshot->state, store::read_state(*snapshot->reads));
    return std::shared_ptr<const query::ShardSnapshot>(std::move(snapshot));
  }
  bool has_folded(log::TopicPartition, std::int64_t) const override { return true; }

 private:
  engine::Shard& shard_;
  const domain::Rules& rules_;
  const std::string prefix_;
};

class DamageTest : public testing::Test {
 protected:
  DamageTest() : book_(1), model_(*book_.projector().shard(0), book_.rules()) {
    const auto tell = [&](const std::string& day, const std::string& payload) { book_.tell(day, payload); };
    tell("2024-04-01", R"("customer_profile_set":{"name":"One","region":"CN/North","sales_rep":"R1","grade":"A",)"
                       R"("payment_terms_days":30,"credit_currency":"CNY","credit_limit_minor":100})");
    tell("2024-04-02", R"("order_placed":{"order_id":"O1","kind":"STANDARD","currency":"CNY",)"
                       R"("lines":[{"line_id":"1","sku":"S","quantity":"10","net_minor":1000}]})");
    tell("2024-04-05", R"("shipment_dispatched":{"shipment_id":"S1","order_id":"O1",)"
                       R"("lines":[{"line_id":"1","quantity":"4"}]})");
    tell("2024-04-06", R"("invoice_issued":{"invoice_id":"I1","issue_date":"2024-04-06","currency":"CNY",)"
                       R"("net_minor":400,"order_ids":["O1"]})");
    tell("2024-04-07", R"("invoice_issued":{"invoice_id":"I2","issue_date":"2024-04-07","due_date":"2024-05-07",)"
                       R"("currency":"CNY","net_minor":500})");
    tell("2024-04-10", R"("payment_received":{"payment_id":"P1","value_date":"2024-04-10","currency":"CNY",)"
                       R"("amount_minor":300,"allocations":[{"invoice_id":"I1","amount_minor":150}]})");
    tell("2024-04-11", R"("credit_note_issued":{"credit_note_id":"N1","invoice_id":"I2","issue_date":"2024-04-11",)"
                       R"("currency":"CNY","net_minor":50})");
    tell("2024-04-12",
         R"("refund_paid":{"refund_id":"F1","value_date":"2024-04-12","currency":"CNY","amount_minor":20})");
    tell("2024-04-13", R"("promise_made":{"promise_id":"M1","invoice_ids":["I2"],"currency":"CNY","amount_minor":100,)"
                       R"("promised_date":"2024-04-20"})");
    // Read before what it names: it waits.
    tell("2024-04-14", R"("payment_received":{"payment_id":"P2","value_date":"2024-04-14","currency":"CNY",)"
                       R"("amount_minor":70,"allocations":[{"invoice_id":"I9","amount_minor":70}]})");
  }

  store::ShardStore& store() { return book_.projector().shard(0)->store(); }
  std::string key(DocumentRef ref) {
    return store::DocumentKey{book_.projector().shard(0)->labels().find_customer("C1").value(), ref}.bytes();
  }
  // Nothing: removed.
  void put(store::Table table, const std::string& key, const std::optional<std::string>& value) {
    store::WriteBatch set;
    if (value) {
      set.put(table, key, *value);
    } else {
      set.remove(table, key);
    }
    ASSERT_TRUE(store().write(set));
  }

  std::vector<std::pair<std::string, query::ParameterMap>> questions() {
    const query::ParameterMap known = {{"known_at", "2024-06-01T00:00:00Z"}};
    std::vector<std::pair<std::string, query::ParameterMap>> all;
    for (const char* path :
         {"v1/receivables/items", "v1/receivables/ageing", "v1/receivables/worklist", "v1/receivables/dunning",
          "v1/customers", "v1/customers/C1", "v1/invoices/I1", "v1/invoices/I2", "v1/orders/O1", "v1/payments/P1",
          "v1/anomalies", "v1/order-cycle/open"}) {
      all.emplace_back(path, query::ParameterMap{});
      all.emplace_back(path, known);
    }
    for (const char* path :
         {"v1/receivables/entries", "v1/receivables/bridge", "v1/receivables/ratios", "v1/sales", "v1/sales/postings",
          "v1/order-cycle", "v1/order-cycle/on-time", "v1/order-cycle/orders", "v1/customers/C1/statement"}) {
      all.emplace_back(path, query::ParameterMap{{"from", "2024-01-01"}, {"to", "2024-12-31"}});
      all.emplace_back(path, query::ParameterMap{{"from", "2024-01-01"}, {"to", "2024-12-31"}, *known.begin()});
    }
    query::ParameterMap two = {{"period", "2024"}, {"baseline", "2023"}};
    all.emplace_back("v1/order-cycle/factors", two);
    two.insert(*known.begin());
    all.emplace_back("v1/order-cycle/factors", two);
    return all;
  }

  std::vector<std::string> faults() {
    const auto report = engine::audit(store(), book_.rules(), [](std::uint64_t) {});
    EXPECT_TRUE(report) << (report ? "" : report.error().message);
    return report ? report->faults : std::vector<std::string>();
  }
  static bool any_has(const std::vector<std::string>& texts, const std::string& part) {
    return std::ranges::any_of(texts, [&](const std::string& text) { return text.find(part) != std::string::npos; });
  }

  query::Rendered get(const std::string& path, const query::ParameterMap& parameters) {
    const auto today = [] { return day_from_civil({2024, 6, 30}); };
    return test::ask(model_, today, test::segments_of(path), parameters);
  }

  test::Book book_;
  Unwatched model_;
};

const DocumentRef kDocuments[] = {{DocumentKind::kCustomer, ""},     {DocumentKind::kOrder, "O1"},
                                  {DocumentKind::kInvoice, "I1"},    {DocumentKind::kInvoice, "I2"},
                                  {DocumentKind::kCreditNote, "N1"}, {DocumentKind::kPayment, "P1"},
                                  {DocumentKind::kRefund, "F1"},     {DocumentKind::kPromise, "M1"},
                                  {DocumentKind::kInvoice, "I9"},    {DocumentKind::kPayment, "P2"}};

TEST_F(DamageTest, ADamagedDocumentIsRefusedByItsNameOrNotNeeded) {
  std::map<std::size_t, std::string> whole;
  const auto asked = questions();
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const auto answer = get(asked[i].first, asked[i].second);
    ASSERT_EQ(answer.status, 200) << asked[i].first << answer.body;
    whole[i] = answer.body;
  }
  ASSERT_EQ(faults(), std::vector<std::string>());
  for (const DocumentRef& ref : kDocuments) {
    const auto bytes = store().get(store::Table::kDocuments, key(ref)).value();
    ASSERT_TRUE(bytes) << ref.id;
    const std::string name = fmt::format("{} '{}'", domain::kind_name(ref.kind), ref.id);
    // Cut in the middle of an entry; an unknown entry behind the others; another kind's facts.
    const auto other = ref.kind == DocumentKind::kOrder ? DocumentRef{DocumentKind::kPromise, "M1"}
                                                        : DocumentRef{DocumentKind::kOrder, "O1"};
    const std::string damages[] = {bytes->substr(0, bytes->size() - 1), *bytes + std::string("\x09\x01x"),
                                   *store().get(store::Table::kDocuments, key(other)).value()};
    for (const std::string& damaged : damages) {
      put(store::Table::kDocuments, key(ref), damaged);
      std::size_t refused = 0;
      for (std::size_t i = 0; i < asked.size(); ++i) {
        const auto answer = get(asked[i].first, asked[i].second);
        if (answer.status == 200) {
          EXPECT_EQ(answer.body, whole[i]) << name << " " << asked[i].first;
          continue;
        }
        ++refused;
        EXPECT_EQ(answer.status, 503) << asked[i].first;
        EXPECT_NE(answer.body.find(name), std::string::npos) << answer.body;
        EXPECT_NE(answer.body.find("customer 'C1'"), std::string::npos) << answer.body;
      }
      EXPECT_GT(refused, 0u) << name;
      EXPECT_TRUE(any_has(faults(), name)) << name;
    }
    put(store::Table::kDocuments, key(ref), bytes);
  }
  EXPECT_EQ(faults(), std::vector<std::string>());
}

TEST_F(DamageTest, ADocumentThatSomethingNamesAndIsNotThereIsRefusedByItsName) {
  for (const DocumentRef& ref : kDocuments) {
    if (ref.id.empty()) continue;
    const auto bytes = store().get(store::Table::kDocuments, key(ref)).value();
    put(store::Table::kDocuments, key(ref), std::nullopt);
    const std::string name = fmt::format("{} '{}'", domain::kind_name(ref.kind), ref.id);
    std::size_t refused = 0;
    for (const auto& [path, parameters] : questions()) {
      const auto answer = get(path, parameters);
      if (answer.status == 200 || answer.status == 404) continue;
      ++refused;
      EXPECT_EQ(answer.status, 503) << path;
      EXPECT_NE(answer.body.find(name), std::string::npos) << answer.body;
    }
    // Promises are looked for among all documents: what is not there is not missed, but by the audit.
    EXPECT_TRUE(refused > 0 || ref.kind == DocumentKind::kPromise) << name;
    EXPECT_NE(faults(), std::vector<std::string>()) << name;
    put(store::Table::kDocuments, key(ref), bytes);
  }
}

// Every stored key and value but documents: damaged, the answer is the same or a 503.
TEST_F(DamageTest, WhateverElseIsDamagedIsRefusedOrNotNeeded) {
  const auto asked = questions();
  std::vector<std::string> whole;
  for (const auto& [path, parameters] : asked) whole.push_back(get(path, parameters).body);
  for (const store::Table table : {store::Table::kMeta, store::Table::kCells}) {
    std::map<std::string, std::string> all;
    ASSERT_TRUE(store().scan(table, "", "", [&](std::string_view key, std::string_view value) {
      all.emplace(key, value);
      return store::StoreReader::Next::kGoOn;
    }));
    for (const auto& [key, value] : all) {
      // Labels, the manifest and totals are read once, when the shard is opened.
      const bool is_read_once = key.front() == store::kLabelPrefix || key.front() == store::kJournalPrefix ||
                                key.front() == store::kManifestPrefix;
      if ((table == store::Table::kMeta && is_read_once) || value.empty()) continue;
      for (const std::string& damaged : {value.substr(0, value.size() - 1), value + "\xff"}) {
        put(table, key, damaged);
        for (std::size_t i = 0; i < asked.size(); ++i) {
          const auto answer = get(asked[i].first, asked[i].second);
          if (answer.status == 200) {
            EXPECT_EQ(answer.body, whole[i]) << key.front() << " " << asked[i].first;
          } else {
            EXPECT_EQ(answer.status, 503) << asked[i].first << answer.body;
          }
        }
        if (key != store::state_key()) {
          EXPECT_NE(faults(), std::vector<std::string>()) << key.front();
        }
      }
      put(table, key, value);
    }
  }
}

// A row that is gone is not taken for one that never was.
TEST_F(DamageTest, AStoreWithoutWhatEveryStoreHasIsDamaged) {
  std::string last_label;
  ASSERT_TRUE(store().scan(store::Table::kMeta, std::string(1, store::kLabelPrefix), "",
                           [&](std::string_view key, std::string_view) {
                             last_label = key;
                             return store::StoreReader::Next::kGoOn;
                           }));
  ASSERT_GE(last_label.size(), 2U);
  const std::string first_label = store::LabelKey{0}.bytes();
  for (const std::string& gone : {store::state_key(), store::manifest_key(), first_label, last_label}) {
    store::SharedMemory memory(8 << 20, 8 << 20);
    const test::TempDir directory;
    auto copy = store::ShardStore::open(directory.path(), memory, store::ShardStore::Mode::kReadWrite).value();
    for (const store::Table table : {store::Table::kMeta, store::Table::kDocuments, store::Table::kCells}) {
      store::WriteBatch set;
      ASSERT_TRUE(store().scan(table, "", "", [&](std::string_view key, std::string_view value) {
        if (table != store::Table::kMeta || key != gone) set.put(table, std::string(key), std::string(value));
        return store::StoreReader::Next::kGoOn;
      }));
      ASSERT_TRUE(copy->write(set));
    }
    const auto opened = engine::Shard::open(std::move(copy), book_.rules(), {});
    ASSERT_FALSE(opened) << "without " << gone.front();
    EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt) << opened.error().message;
  }
}

// RocksDB takes the end of its own list of files for what a crash left behind.
TEST_F(DamageTest, WhereverTheListOfFilesIsCutTheStoreIsDamaged) {
  store::SharedMemory memory(8 << 20, 8 << 20);
  const test::TempDir directory;
  const std::string whole = directory.path() + "/whole";
  const std::string copy = directory.path() + "/copy";
  const auto open = [&](const std::string& path) -> Result<std::unique_ptr<engine::Shard>> {
    ASSIGN_OR_RETURN(auto store, store::ShardStore::open(path, memory, store::ShardStore::Mode::kReadWrite));
    return engine::Shard::open(std::move(store), book_.rules(), {});
  };
  // Each start writes what the one before left in the write-ahead log into files of each table.
  for (int i = 0; i < 3; ++i) {
    const auto shard = open(whole);
    ASSERT_TRUE(shard);
    events::v1::Event event;
    events::Violations violations;
    ASSERT_TRUE(events::read_event(
        fmt::format(R"({{"event_id":"{0}","customer_id":"C1","source":"s","occurred_at":"2024-05-01T12:00:00Z",)"
                    R"("invoice_issued":{{"invoice_id":"I{0}","issue_date":"2024-05-01","currency":"CNY",)"
                    R"("net_minor":500}}}})",
                    i),
        event, violations));
    const std::string bytes = event.SerializeAsString();
    log::Record record;
    record.topic = log::Topic::kInvoices;
    record.offset = i;
    record.timestamp_ms = 1'700'000'000'000;
    record.key = "C1";
    record.value = bytes;
    (*shard)->apply(record);
    ASSERT_TRUE((*shard)->commit());
    // As it is after SIGKILL: the newest is in the write-ahead log alone.
    std::filesystem::remove_all(copy);
    std::filesystem::copy(whole, copy);
  }
  std::string name = read_file(copy + "/CURRENT").value();
  name.pop_back();
  const std::uintmax_t size = std::filesystem::file_size(copy + "/" + name);
  for (std::uintmax_t cut = 0; cut < size; cut = 2 * cut + 1) {
    const std::string path = directory.path() + "/cut";
    std::filesystem::remove_all(path);
    std::filesystem::copy(copy, path);
    std::filesystem::resize_file(path + "/" + name, size - cut);
    for (const store::ShardStore::Mode mode :
         {store::ShardStore::Mode::kReadInPlace, store::ShardStore::Mode::kReadCopy}) {
      const auto read = store::ShardStore::open(path, memory, mode);
      EXPECT_EQ(read.has_value(), cut == 0) << cut;
    }
    const auto shard = open(path);
    ASSERT_EQ(shard.has_value(), cut == 0) << cut << " of " << size;
    if (!shard) {
      EXPECT_EQ(shard.error().code, ErrorCode::kCorrupt) << shard.error().message;
      continue;
    }
    const auto report = engine::audit((*shard)->store(), book_.rules(), [](std::uint64_t) {});
    ASSERT_TRUE(report);
    EXPECT_EQ(report->faults, std::vector<std::string>());
    EXPECT_EQ(report->facts, 3U);
  }
}

// What folding comes to is an error of the shard, not another figure.
TEST_F(DamageTest, FoldingOntoADamagedDocumentFails) {
  store::SharedMemory memory(8 << 20, 8 << 20);
  const test::TempDir directory;
  const auto open = [&] {
    auto store = store::ShardStore::open(directory.path(), memory, store::ShardStore::Mode::kReadWrite).value();
    return engine::Shard::open(std::move(store), book_.rules(), {}).value();
  };
  const auto record_of = [&](log::Topic topic, std::int64_t offset, const std::string& json, std::string& bytes) {
    events::v1::Event event;
    events::Violations violations;
    EXPECT_TRUE(events::read_event(json, event, violations));
    bytes = event.SerializeAsString();
    log::Record record;
    record.topic = topic;
    record.offset = offset;
    record.timestamp_ms = 1'700'000'000'000;
    record.key = "C1";
    record.value = bytes;
    return record;
  };
  const std::string head = R"({"customer_id":"C1","source":"s","occurred_at":"2024-05-01T12:00:00Z",)";
  std::string bytes;
  {
    auto shard = open();
    shard->apply(record_of(log::Topic::kInvoices, 0,
                           head + R"("event_id":"1","invoice_issued":{"invoice_id":"I","issue_date":"2024-05-01",)"
                                  R"("due_date":"2024-05-31","currency":"CNY","net_minor":500}})",
                           bytes));
    ASSERT_TRUE(shard->commit());
    store::WriteBatch set;
    set.put(store::Table::kDocuments, store::DocumentKey{0, {DocumentKind::kInvoice, "I"}}.bytes(), "\x01\x7f");
    ASSERT_TRUE(shard->store().write(set));
  }
  for (const char* payload :
       {R"("invoice_voided":{"invoice_id":"I","date":"2024-05-02"})",
        R"("invoice_issued":{"invoice_id":"I","issue_date":"2024-05-01","currency":"CNY","net_minor":7})"}) {
    auto shard = open();
    shard->apply(record_of(log::Topic::kInvoices, 1, head + R"("event_id":"2",)" + payload + "}", bytes));
    const auto done = shard->commit();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, ErrorCode::kCorrupt);
    EXPECT_NE(done.error().message.find("customer 'C1', invoice 'I'"), std::string::npos) << done.error().message;
  }
  // Named by another document.
  auto shard = open();
  shard->apply(
      record_of(log::Topic::kPayments, 0,
                head + R"("event_id":"3","payment_received":{"payment_id":"P","value_date":"2024-05-02",)"
                       R"("currency":"CNY","amount_minor":5,"allocations":[{"invoice_id":"I","amount_minor":5}]}})",
                bytes));
  const auto done = shard->commit();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(done.error().message.find("invoice 'I'"), std::string::npos) << done.error().message;
}

}  // namespace
}  // namespace daybook
