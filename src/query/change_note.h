// What a commit of a shard may have changed, for whoever shows answers: which customers' and, by what was read, which
// reports'. It says too much rather than too little: an answer that it does not name is as it was, but for its positions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/news.h"
#include "log/log.h"
#include "query/access_scope.h"

namespace daybook::query {

// Names of customers, up to so many; beyond, any customer.
class ChangedCustomers {
 public:
  static constexpr std::size_t kNamedMax = 20;

  void add(std::string_view name);
  void add_all(const ChangedCustomers& others);
  // Any: there are too many to name, or what changed is not one customer's.
  void add_any();

  bool is_any() const { return is_any_; }
  // In the order of their bytes, each once; none where it is any.
  const std::vector<std::string>& names() const { return names_; }
  bool operator==(const ChangedCustomers&) const = default;

 private:
  bool is_any_ = false;
  std::vector<std::string> names_;
};

struct ChangeNote {
  std::int32_t partition = 0;
  // As of the commit.
  std::array<std::int64_t, log::kEventTopicCount> next_offsets{};  // By topic.
  std::int64_t newest_recorded_ms = 0;                             // 0: nothing was read.
  domain::News news;
  ChangedCustomers customers;

  // Of this commit and a later one of the same shard.
  void add(const ChangeNote& next);
  // Whether some topic was read further than to these offsets.
  bool is_ahead_of(const std::array<std::int64_t, log::kEventTopicCount>& offsets) const;
  // As /v1/changes gives it to who sees everything. To who sees less no customer is named: a name tells that there is
  // business with it.
  std::string to_json(std::string_view topic_prefix, const AccessScope& scope) const;

  bool operator==(const ChangeNote&) const = default;
};

// Which reports depend on what, once for all: a report is in it by its name in the catalogue.
struct ReportDependence {
  std::string_view report;
  domain::News on;
};
const std::vector<ReportDependence>& report_dependences();
// The names of those that this may have changed, in the order of the catalogue.
std::vector<std::string_view> changed_reports(domain::News news);

}  // namespace daybook::query
