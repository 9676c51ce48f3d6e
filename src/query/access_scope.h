// Who asks may see what: a part of every question, applied where a shard hands rows out.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace daybook::query {

inline constexpr std::string_view kUnassigned = "unassigned";

// Whether `region` is in the subtree of `of`; `unassigned` is that of what has no region.
inline bool is_within(std::string_view region, std::string_view of) {
  if (of == kUnassigned && region.empty()) return true;
  return region == of || (region.size() > of.size() && region.starts_with(of) && region[of.size()] == '/');
}

// What is not allowed is not seen: one that was made without a word sees nothing.
class AccessScope {
 public:
  AccessScope() = default;
  static AccessScope everything() {
    AccessScope scope;
    scope.everything_ = true;
    return scope;
  }
  // What stands under one of these regions (with all below it) or one of these sales reps.
  static AccessScope of(std::vector<std::string> regions, std::vector<std::string> sales_reps) {
    AccessScope scope;
    scope.regions_ = std::move(regions);
    scope.sales_reps_ = std::move(sales_reps);
    return scope;
  }

  bool sees_everything() const { return everything_; }
  bool sees(std::string_view region, std::string_view sales_rep) const {
    return everything_ || std::ranges::any_of(regions_, [&](const std::string& of) { return is_within(region, of); }) ||
           (!sales_rep.empty() && std::ranges::find(sales_reps_, sales_rep) != sales_reps_.end());
  }

  bool operator==(const AccessScope&) const = default;
  template <typename Visit>
  void for_each_field(const Visit& visit) {
    visit(everything_, regions_, sales_reps_);
  }

 private:
  bool everything_ = false;
  std::vector<std::string> regions_;
  std::vector<std::string> sales_reps_;
};

}  // namespace daybook::query
