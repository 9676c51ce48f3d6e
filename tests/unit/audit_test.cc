// What an audit finds, and which event ids stand on several documents, however they are written.
#include "engine/audit.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "store/document_codec.h"
#include "store/keys.h"
#include "store/shard_store.h"
#include "support/story.h"
#include "support/temp_dir.h"

namespace daybook::engine {
namespace {

TEST(SharedEventIds, AreListedAsTheyCame) {
  const std::string uuid = "9f4d51b6-fc1f-49ac-9e8d-d483e34f0dc2";
  const std::string plain = "9f4d51b6fc1f49ac9e8dd483e34f0dc2";
  // By document.
  const std::vector<std::vector<std::string>> documents = {{uuid, "e1", "0c4d51b6-fc1f-49ac-9e8d-d483e34f0dc2"},
                                                           {uuid, "e2"},
                                                           {plain, "1f4d51b6-fc1f-49ac-9e8d-d483e34f0dc2"},
                                                           {"e2"}};
  const test::TempDir directory;
  store::SharedMemory memory{8 << 20, 8 << 20};
  const auto store = store::ShardStore::open(directory.path(), memory, store::ShardStore::Mode::kReadWrite).value();
  store::WriteBatch set;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    std::string bytes;
    for (const std::string& id : documents[i]) {
      domain::Event event;
      event.event_id = std::string_view(id);
      event.payload = domain::InvoiceDelivered{};
      ByteBuffer encoded;
      store::append_fact(bytes, {0, static_cast<std::int64_t>(i)}, 1, store::encode_event(event, encoded));
    }
    set.put(store::Table::kDocuments,
            store::DocumentKey{0, {domain::DocumentKind::kInvoice, std::to_string(i)}}.bytes(), bytes);
  }
  ASSERT_TRUE(store->write(set));
  const auto shared = shared_event_ids({store.get()});
  ASSERT_TRUE(shared);
  EXPECT_EQ(*shared, (std::vector<std::string>{uuid, "e2"}));
}

// A company's books with something of each kind that is stored.
class AuditTest : public ::testing::Test {
 protected:
  AuditTest() {
    story_.profile("2024-01-01", R"("region":"CN","payment_terms_days":30)");
    story_.order();
    story_.ship("S", "2024-05-02", {{"1", "4"}});
    story_.invoice("I", 500, "2024-05-03", R"(,"order_ids":["O","unknown"])");
    story_.dispute("D", "I", "2024-05-04", 20);
    story_.pay("P", 300, "2024-05-10", {{"I", "200"}, {"unknown", "50"}});
    story_.refund("R", 400, "2024-05-11");
    story_.pay("P", 301, "2024-05-10");
    story_.book.append(log::Topic::kOrders, "C", "no event");
  }

  // Calls visit(store, table, key, value) for all that is stored but for what an audit is not about: the
  // manifest, and the journal of totals, which are compared with pages at each start.
  void for_each(
      const std::function<void(store::ShardStore&, store::Table, const std::string&, const std::string&)>& visit) {
    for (const std::int32_t i : story_.book.projector().partitions()) {
      store::ShardStore& store = story_.book.projector().shard(i)->store();
      for (const store::Table table : {store::Table::kMeta, store::Table::kDocuments, store::Table::kCells}) {
        std::map<std::string, std::string> all;
        ASSERT_TRUE(store.scan(table, "", "",
                               [&](std::string_view key, std::string_view value) -> Result<store::StoreReader::Next> {
                                 all.emplace(key, value);
                                 return store::StoreReader::Next::kGoOn;
                               }));
        for (const auto& [key, value] : all) {
          const bool is_audited =
              table != store::Table::kMeta || (key != store::manifest_key() && key.front() != store::kJournalPrefix);
          if (is_audited) visit(store, table, key, value);
        }
      }
    }
  }
  // Whether an audit finds something with this in the place of a value; nothing: with the key gone.
  bool is_found(store::ShardStore& store, store::Table table, const std::string& key, const std::string& value,
                std::optional<std::string> instead) {
    const auto write = [&](const std::optional<std::string>& now) {
      store::WriteBatch set;
      now ? set.put(table, key, *now) : set.remove(table, key);
      EXPECT_TRUE(store.write(set));
    };
    write(instead);
    const auto report = audit(store, story_.book.rules(), [](std::uint64_t) {});
    write(value);
    return !report || !report->ok();
  }

  test::Story story_;
};

TEST_F(AuditTest, FindsWhateverIsLost) {
  int count = 0;
  for_each([&](store::ShardStore& store, store::Table table, const std::string& key, const std::string& value) {
    ++count;
    EXPECT_TRUE(is_found(store, table, key, value, std::nullopt))
        << "table " << static_cast<int>(table) << ", key " << testing::PrintToString(key);
  });
  EXPECT_GT(count, 30);
}

TEST_F(AuditTest, FindsACellThatIsLostOrAnother) {
  int count = 0;
  for_each([&](store::ShardStore& store, store::Table table, const std::string& key, const std::string& value) {
    if (table != store::Table::kCells || !store::PageKey::parse(key)) return;
    std::vector<store::Cell> cells;
    ASSERT_TRUE(store::decode_page(value, cells));
    for (std::size_t i = 0; i < cells.size(); ++i) {
      for (const bool is_lost : {true, false}) {
        std::vector<store::Cell> others = cells;
        others[i].value.amount += 1;
        if (is_lost) others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
        std::string page;
        store::encode_page(others, page);
        EXPECT_TRUE(is_found(store, table, key, value, page)) << testing::PrintToString(key) << ", cell " << i;
        ++count;
      }
    }
  });
  EXPECT_GT(count, 20);
}

}  // namespace
}  // namespace daybook::engine
