#include "query/document_scan.h"

#include "evaluation/stored_account.h"
#include "query/question_memory.h"
#include "query/request.h"
#include "store/document_codec.h"
#include "store/keys.h"

namespace daybook::query {

void for_each_document(const ShardSnapshot& shard, store::LabelId account, domain::DocumentKind first,
                       domain::DocumentKind last, const std::function<bool(std::string_view)>& wanted,
                       const std::function<void(const domain::Document&)>& visit) {
  Arena arena;
  const auto take = [&](std::string_view key, std::string_view value) -> Result<store::StoreReader::Next> {
    ASSIGN_OR_RETURN(const store::DocumentKey parsed, store::DocumentKey::parse(key));
    if (parsed.ref.kind > last) return store::StoreReader::Next::kStop;
    if (!wanted(value)) return store::StoreReader::Next::kGoOn;
    TakenMemory memory;
    memory.add(decoded_bytes(value.size()));
    arena.reset();
    const auto document = store::decode_document(parsed.ref, value, value.size(), arena);
    if (!document) {
      refuse_without(shard, evaluation::damaged(shard.labels->get(account).customer, parsed.ref, document.error()));
    }
    visit(*document);
    return store::StoreReader::Next::kGoOn;
  };
  const auto scanned = shard.reads->scan(store::Table::kDocuments, store::DocumentKey::prefix(account),
                                         store::DocumentKey::prefix(account, first), take);
  if (!scanned) refuse(scanned.error());
}

void refuse_without(const ShardSnapshot& shard, const Error& why) {
  if (shard.report) shard.report(why);
  refuse(why);
}

}  // namespace daybook::query
