#include "views/model.h"

#include "base/bytes.h"
#include "store/document_codec.h"
#include "store/keys.h"
#include "views/request.h"

namespace daybook::views {

CustomerContext::CustomerContext(const ShardPicture& shard, store::LabelId customer,
                                 const domain::Rules& rules, FileChoice choice)
    : shard_(shard),
      id_(customer),
      choice_(choice),
      name_(shard.labels->get(customer).customer),
      account_(customer,
               [this](const std::string& key) -> Result<engine::DocumentBytes> {
                 auto stored = shard_.reads->get(store::Table::kDocuments, key);
                 if (!stored) refuse(stored.error());
                 if (!*stored) return engine::DocumentBytes{};
                 ids_.push_back(std::make_unique<std::string>(**std::move(stored)));
                 return engine::DocumentBytes{*ids_.back(), ids_.back()->size()};
               }),
      picture_(account_, domain::Known::all(), rules) {}

std::string_view CustomerContext::region(const domain::Attributes& attributes) {
  if (!attributes.region.empty()) return attributes.region;
  const auto* file = profile(attributes.file_day);
  return file == nullptr ? std::string_view() : file->region;
}

std::string_view CustomerContext::sales_rep(const domain::Attributes& attributes) {
  if (!attributes.sales_rep.empty()) return attributes.sales_rep;
  const auto* file = profile(attributes.file_day);
  return file == nullptr ? std::string_view() : file->sales_rep;
}

std::string_view CustomerContext::grade(Day day) {
  const auto* file = profile(day);
  return file == nullptr ? std::string_view() : file->grade;
}

std::string_view CustomerContext::parent(Day day) {
  const auto* file = profile(day);
  return file == nullptr || file->parent_customer_id.empty() ? std::string_view(name_)
                                                             : file->parent_customer_id;
}

std::vector<domain::DocumentRef> CustomerContext::documents(domain::DocumentKind kind) {
  std::vector<domain::DocumentRef> refs;
  const std::string prefix = store::document_key(id_, {kind, {}});
  const auto scanned = shard_.reads->scan(
      store::Table::kDocuments, prefix, "", [&](std::string_view key, std::string_view) {
        ids_.push_back(std::make_unique<std::string>(key.substr(prefix.size())));
        refs.push_back({kind, *ids_.back()});
        return true;
      });
  if (!scanned) refuse(scanned.error());
  return refs;
}

void scan_pages(const ShardPicture& shard, char family, std::optional<store::LabelId> customer,
                std::uint16_t first_span, std::uint16_t last_span,
                const std::function<void(store::LabelId, const std::vector<store::Cell>&)>& visit) {
  const std::string prefix =
      customer ? store::cells_prefix(family, *customer) : std::string(1, family);
  std::vector<store::Cell> cells;
  std::optional<Error> error;
  const auto scanned = shard.reads->scan(
      store::Table::kCells, prefix, "", [&](std::string_view key, std::string_view value) {
        ByteReader in(key.substr(1));
        const store::LabelId id = in.big32();
        const std::uint16_t span = in.big16();
        if (span < first_span || span > last_span) return true;
        if (const auto decoded = store::decode_page(value, cells); !decoded) {
          error = decoded.error();
          return false;
        }
        visit(id, cells);
        return true;
      });
  if (!scanned) refuse(scanned.error());
  if (error) refuse(*error);
}

}  // namespace daybook::views
