#include "store/labels.h"

#include <algorithm>
#include <mutex>

#include "base/bytes.h"
#include "base/hash.h"
#include "store/keys.h"

namespace daybook::store {
namespace {

// Points the label's fields into its bytes.
void parse(Label& label) {
  ByteReader in(label.bytes);
  label.kind = static_cast<Label::Kind>(in.u8());
  switch (label.kind) {
    case Label::Kind::kCustomer:
      label.customer = in.raw(in.left());
      break;
    case Label::Kind::kAttributes:
      label.attributes.region = in.string();
      label.attributes.sales_rep = in.string();
      label.attributes.file_day = static_cast<Day>(in.zigzag());
      break;
    case Label::Kind::kDimensions:
      label.dimensions.kind = in.u8();
      label.dimensions.sku = in.string();
      label.dimensions.channel = in.string();
      break;
  }
  label.hash = hash128(label.bytes);
}

}  // namespace

Result<void> Labels::load(const Reads& reads) {
  const std::string prefix(1, kLabelPrefix);
  RETURN_IF_ERROR(reads.scan(Table::kMeta, prefix, "", [&](std::string_view, std::string_view value) {
    add(std::string(value));
    return true;
  }));
  written_ = static_cast<LabelId>(labels_.size());
  return {};
}

LabelId Labels::add(std::string bytes) {
  Label& label = labels_.emplace_back();
  label.bytes = std::move(bytes);
  parse(label);
  const LabelId id = static_cast<LabelId>(labels_.size() - 1);
  ids_.emplace(label.bytes, id);
  return id;
}

LabelId Labels::intern(std::string bytes) {
  if (const auto at = ids_.find(bytes); at != ids_.end()) return at->second;
  const std::unique_lock lock(mutex_);
  return add(std::move(bytes));
}

LabelId Labels::customer(std::string_view id) {
  std::string bytes(1, static_cast<char>(Label::Kind::kCustomer));
  bytes.append(id);
  return intern(std::move(bytes));
}

LabelId Labels::attributes(const domain::Attributes& attributes) {
  std::string bytes(1, static_cast<char>(Label::Kind::kAttributes));
  ByteWriter out(bytes);
  out.string(attributes.region);
  out.string(attributes.sales_rep);
  // The file is asked only for what the document lacks.
  const bool complete = !attributes.region.empty() && !attributes.sales_rep.empty();
  out.zigzag(complete ? 0 : attributes.file_day);
  return intern(std::move(bytes));
}

LabelId Labels::dimensions(const domain::Dimensions& dimensions) {
  std::string bytes(1, static_cast<char>(Label::Kind::kDimensions));
  ByteWriter out(bytes);
  out.u8(dimensions.kind);
  out.string(dimensions.sku);
  out.string(dimensions.channel);
  return intern(std::move(bytes));
}

const Label& Labels::get(LabelId id) const {
  const std::shared_lock lock(mutex_);
  return labels_[id];
}

LabelId Labels::size() const {
  const std::shared_lock lock(mutex_);
  return static_cast<LabelId>(labels_.size());
}

std::optional<LabelId> Labels::find_customer(std::string_view id) const {
  std::string bytes(1, static_cast<char>(Label::Kind::kCustomer));
  bytes.append(id);
  const std::shared_lock lock(mutex_);
  const auto at = ids_.find(bytes);
  return at == ids_.end() ? std::nullopt : std::optional(at->second);
}

std::vector<LabelId> Labels::customers_after(std::string_view after, std::size_t count) const {
  const std::shared_lock lock(mutex_);
  std::vector<LabelId> ids;
  for (LabelId id = 0; id < labels_.size(); ++id) {
    const Label& label = labels_[id];
    if (label.kind == Label::Kind::kCustomer && label.customer > after) ids.push_back(id);
  }
  const auto by_name = [&](LabelId id) { return labels_[id].customer; };
  if (ids.size() > count) {
    std::ranges::nth_element(ids, ids.begin() + static_cast<std::ptrdiff_t>(count), {}, by_name);
    ids.resize(count);
  }
  std::ranges::sort(ids, {}, by_name);
  return ids;
}

void Labels::write_new(WriteSet& set) {
  for (; written_ < labels_.size(); ++written_) {
    set.put(Table::kMeta, label_key(written_), labels_[written_].bytes);
  }
}

}  // namespace daybook::store
