// Which event ids stand on several documents, however they are written.
#include "engine/audit.h"

#include <gtest/gtest.h>

#include "store/document_codec.h"
#include "store/keys.h"
#include "store/shard_store.h"
#include "support/temp_dir.h"

namespace daybook::engine {
namespace {

TEST(SharedEventIds, AreListedAsTheyCame) {
  const std::string uuid = "9f4d51b6-fc1f-49ac-9e8d-d483e34f0dc2";
  const std::string plain = "9f4d51b6fc1f49ac9e8dd483e34f0dc2";
  // By document.
  const std::vector<std::vector<std::string>> documents = {
      {uuid, "e1", "0c4d51b6-fc1f-49ac-9e8d-d483e34f0dc2"}, {uuid, "e2"}, {plain, "1f4d51b6-fc1f-49ac-9e8d-d483e34f0dc2"}, {"e2"}};
  const test::TempDir directory;
  store::SharedMemory memory{8 << 20, 8 << 20};
  const auto store =
      store::ShardStore::open(directory.path(), memory, store::ShardStore::Mode::kReadWrite).value();
  store::WriteSet set;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    std::string bytes;
    for (const std::string& id : documents[i]) {
      domain::Event event;
      event.event_id = std::string_view(id);
      event.payload = domain::InvoiceDelivered{};
      ByteBuffer encoded;
      store::append_fact(bytes, {0, static_cast<std::int64_t>(i)}, 1, store::encode_event(event, encoded));
    }
    set.put(store::Table::kDocuments, store::DocumentKey{0, {domain::DocumentKind::kInvoice, std::to_string(i)}}.bytes(), bytes);
  }
  ASSERT_TRUE(store->write(set));
  const auto shared = shared_event_ids({store.get()});
  ASSERT_TRUE(shared);
  EXPECT_EQ(*shared, (std::vector<std::string>{uuid, "e2"}));
}

}  // namespace
}  // namespace daybook::engine
