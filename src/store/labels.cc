#include "store/labels.h"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "base/bytes.h"
#include "base/hash.h"
#include "store/keys.h"

namespace daybook::store {
namespace {

// Points the label's fields into its bytes. False for bytes that no version wrote.
bool parse(Label& label) {
  ByteReader in(label.bytes);
  label.kind = static_cast<Label::Kind>(in.u8());
  switch (label.kind) {
    case Label::Kind::kCustomer: label.customer = in.raw(in.left()); break;
    case Label::Kind::kAttributes:
      label.attributes.region = in.string();
      label.attributes.sales_rep = in.string();
      label.attributes.file_day = static_cast<Day>(in.zigzag());
      break;
    case Label::Kind::kDimensions:
      label.dimensions.kind = in.u8();
      label.dimensions.sku = in.string();
      label.dimensions.channel = in.string();
      if (label.dimensions.kind > static_cast<std::uint8_t>(domain::OrderKind::kSample)) return false;
      break;
    default: return false;
  }
  label.hash = hash128(label.bytes);
  return in.ok() && in.done();
}

}  // namespace

Result<void> Labels::load(const StoreReader& reads) {
  const std::string prefix(1, kLabelPrefix);
  using Next = StoreReader::Next;
  const auto take = [&](std::string_view bytes, std::string_view value) -> Result<Next> {
    ASSIGN_OR_RETURN(const LabelKey key, LabelKey::parse(bytes));
    // Each number is the next: without one of them all behind it would be others.
    if (key.id != labels_.size()) {
      return unexpected(ErrorCode::kCorrupt, fmt::format("label {} is missing", labels_.size()));
    }
    if (!keep(std::string(value))) {
      return unexpected(ErrorCode::kCorrupt, fmt::format("label {} holds bytes that no version wrote", key.id));
    }
    return Next::kGoOn;
  };
  RETURN_IF_ERROR(reads.scan(Table::kMeta, prefix, "", take));
  written_ = static_cast<LabelId>(labels_.size());
  // At once: growing with each would hash them again and again.
  ids_.reserve(labels_.size());
  for (LabelId id = 0; id < written_; ++id) ids_.insert(id);
  return {};
}

bool Labels::keep(std::string bytes) {
  Label& label = *labels_.emplace_back(std::make_unique<Label>());
  label.bytes = std::move(bytes);
  if (label.bytes.capacity() >= sizeof label.bytes / 2) text_bytes_ += label.bytes.capacity() + 1;
  return parse(label);
}

LabelId Labels::add(std::string bytes) {
  keep(std::move(bytes));
  const auto id = static_cast<LabelId>(labels_.size() - 1);
  ids_.insert(id);
  return id;
}

Labels::Parts Labels::parts_of(const Label& label) {
  switch (label.kind) {
    case Label::Kind::kCustomer: return {label.kind, label.customer, {}, 0};
    case Label::Kind::kAttributes:
      return {label.kind, label.attributes.region, label.attributes.sales_rep, label.attributes.file_day};
    case Label::Kind::kDimensions: break;
  }
  return {label.kind, label.dimensions.sku, label.dimensions.channel, label.dimensions.kind};
}

bool Labels::has_parts(const Label& label, const Parts& parts) {
  if (label.kind != parts.kind) return false;
  switch (label.kind) {
    case Label::Kind::kCustomer: return label.customer == parts.first;
    case Label::Kind::kAttributes:
      return label.attributes.region == parts.first && label.attributes.sales_rep == parts.second &&
             label.attributes.file_day == parts.number;
    case Label::Kind::kDimensions: break;
  }
  return label.dimensions.sku == parts.first && label.dimensions.channel == parts.second &&
         label.dimensions.kind == parts.number;
}

std::size_t Labels::Hash::operator()(const Parts& parts) const {
  constexpr std::uint64_t kOdd = 0x9e37'79b9'7f4a'7c15;
  std::uint64_t hash = table_hash(parts.first);
  if (!parts.second.empty()) hash = hash * kOdd + table_hash(parts.second);
  return (hash * kOdd + static_cast<std::uint64_t>(parts.number)) * kOdd + static_cast<std::uint64_t>(parts.kind);
}

LabelId Labels::intern(const Parts& parts) {
  if (const auto at = ids_.find(parts); at != ids_.end()) return *at;
  std::string bytes(1, static_cast<char>(parts.kind));
  ByteWriter out(bytes);
  switch (parts.kind) {
    case Label::Kind::kCustomer: out.raw(parts.first); break;
    case Label::Kind::kAttributes:
      out.string(parts.first);
      out.string(parts.second);
      out.zigzag(parts.number);
      break;
    case Label::Kind::kDimensions:
      out.u8(static_cast<std::uint8_t>(parts.number));
      out.string(parts.first);
      out.string(parts.second);
      break;
  }
  const std::unique_lock lock(mutex_);
  return add(std::move(bytes));
}

LabelId Labels::customer(std::string_view id) { return intern({Label::Kind::kCustomer, id, {}, 0}); }

LabelId Labels::attributes(const domain::Attributes& attributes) {
  // The file is asked only for what the document lacks.
  const bool complete = !attributes.region.empty() && !attributes.sales_rep.empty();
  return intern(
      {Label::Kind::kAttributes, attributes.region, attributes.sales_rep, complete ? 0 : attributes.file_day});
}

LabelId Labels::dimensions(const domain::Dimensions& dimensions) {
  return intern({Label::Kind::kDimensions, dimensions.sku, dimensions.channel, dimensions.kind});
}

const Label& Labels::get(LabelId id) const {
  const std::shared_lock lock(mutex_);
  return own(id);
}

LabelId Labels::size() const {
  const std::shared_lock lock(mutex_);
  return static_cast<LabelId>(labels_.size());
}

std::optional<LabelId> Labels::find_customer(std::string_view id) const {
  const std::shared_lock lock(mutex_);
  const auto at = ids_.find(Parts{Label::Kind::kCustomer, id, {}, 0});
  return at == ids_.end() ? std::nullopt : std::optional(*at);
}

std::vector<LabelId> Labels::customers_after(std::string_view after, std::size_t count) const {
  const std::shared_lock lock(mutex_);
  std::vector<LabelId> ids;
  for (LabelId id = 0; id < labels_.size(); ++id) {
    const Label& label = own(id);
    if (label.kind == Label::Kind::kCustomer && label.customer > after) ids.push_back(id);
  }
  const auto by_name = [&](LabelId id) { return own(id).customer; };
  if (ids.size() > count) {
    std::ranges::nth_element(ids, ids.begin() + static_cast<std::ptrdiff_t>(count), {}, by_name);
    ids.resize(count);
  }
  std::ranges::sort(ids, {}, by_name);
  return ids;
}

void Labels::write_new(WriteBatch& set) {
  for (; written_ < labels_.size(); ++written_) {
    set.put(Table::kMeta, LabelKey{written_}.bytes(), own(written_).bytes);
  }
}

}  // namespace daybook::store
