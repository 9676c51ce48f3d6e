// What views have in common: the question (dates, filters, paging), the snapshots they read, and the
// answer that is rendered as JSON or CSV.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "query/model.h"
#include "query/request.h"
#include "query/value.h"

namespace daybook::query {

inline constexpr std::string_view kUnassigned = "unassigned";

// Filters by whatever a view can be grouped by; absent: everything.
struct Filters {
  std::optional<std::string> region;
  std::optional<std::string> sales_rep;
  std::optional<std::string> customer_id;
  std::optional<Currency> currency;
  std::optional<std::string> sku;
  std::optional<std::string> channel;
  std::optional<std::string> kind;
  std::optional<std::string> warehouse;
  std::optional<std::string> grade;
};

// True when `value` (empty: none) passes the filter; `unassigned` asks for what has none.
bool passes(const std::optional<std::string>& filter, std::string_view value);
// The same for region paths: a filter takes the subtree.
bool passes_region(const std::optional<std::string>& filter, std::string_view region);
// A group's name: `unassigned` for an empty value.
std::string group_name(std::string_view value);
// The path cut to `level` parts; as it is with level 0.
std::string cut_region(std::string_view region, int level);

// A row and what it is sorted and paged by: parts joined with a zero byte sort as the parts do.
struct SortedRow {
  std::string key;
  Row row;
};

// Rows in the order of their keys, cut to a page while they come: no more are kept, and made, than it
// shows and one, which tells that there are more.
class Rows {
 public:
  // All of them.
  Rows() = default;
  // Of those behind the key `after` the first `count`, or all.
  Rows(std::string after, std::optional<std::size_t> count) : after_(std::move(after)), count_(count) {}

  // Whether a row whose key begins so may be on the page.
  bool may_hold(std::string_view prefix) const {
    return prefix >= std::string_view(after_).substr(0, prefix.size()) &&
           (!is_full() || prefix < rows_.front().key);
  }
  // `make` gives the row, and is called only for one that may be shown.
  template <typename Make>
  void add(std::string key, const Make& make) {
    if (key <= after_ || (is_full() && key >= rows_.front().key)) return;
    if (is_full()) {
      std::ranges::pop_heap(rows_, {}, &SortedRow::key);
      rows_.pop_back();
    }
    rows_.push_back({std::move(key), make()});
    if (count_) std::ranges::push_heap(rows_, {}, &SortedRow::key);
  }

  // Those that may be shown of rows that were cut to the same page.
  void add_all(Rows other) {
    for (SortedRow& sorted : other.rows_) add(std::move(sorted.key), [&] { return std::move(sorted.row); });
  }

  // What the page shows, in order, and whether there is more behind it.
  struct Page {
    std::vector<SortedRow> rows;
    bool more = false;
  };
  Page take();

  // The key that the page begins behind (empty: from the first), and how many rows it shows (none: all).
  const std::string& after() const { return after_; }
  std::optional<std::size_t> count() const { return count_; }

 private:
  bool is_full() const { return count_ && rows_.size() > *count_; }

  std::string after_;  // Empty: from the first.
  std::optional<std::size_t> count_;
  std::vector<SortedRow> rows_;  // A heap, the last key in front, where there is a count.
};

// A record and the event in it.
struct EventRef {
  std::int32_t partition = 0;
  domain::Position at;
  std::int64_t recorded_ms = 0;
  // Nothing of a record that is parked.
  struct Told {
    domain::EventId event_id;
    std::uint8_t type = 0;
    Instant occurred_at = 0;
  };
  std::optional<Told> told;

  static EventRef of(std::int32_t partition, const domain::Fact& fact) {
    const domain::Event& event = fact.event;
    return {partition, fact.at, fact.recorded_ms,
            Told{event.event_id, static_cast<std::uint8_t>(event.payload.index()), event.occurred_at}};
  }
};

enum class Format { kJson, kCsv, kHtml };

struct Answer {
  // Fields beside the common ones, in front of the rows.
  Row head;
  // Name of the list; empty when the answer is no list.
  std::string rows_name;
  Rows rows;
  // Names of the rows' columns in CSV, also where there are no rows.
  std::vector<std::string> columns;
  // Fields behind the rows, over all pages.
  Row tail;
  // The whole answer as kHtml.
  std::string page;
};

// What a question wants to see folded, and how long it waits for that.
struct Wait {
  struct Position {
    log::TopicPartition at;
    std::int64_t offset = 0;
    std::string text;  // As it was asked for.
  };
  std::vector<Position> positions;
  std::chrono::milliseconds at_most{0};
};
// min_position and wait_ms.
Wait read_wait(const ReadModel& model, Parameters& parameters);
// The first that is not folded; null when all are.
const Wait::Position* first_missing(const ReadModel& model, const Wait& wait);

// One question being answered: its parameters, and one snapshot of each shard, opened when asked for.
class Question {
 public:
  // Reads the common parameters. Whoever asks has waited for min_position: refuses what is not there.
  Question(const ReadModel& model, const Today& today, std::string_view path,
           const ParameterMap& parameters, Format format);

  Parameters& parameters() { return parameters_; }
  const domain::Rules& rules() const { return model_.rules(); }
  const ReadModel& model() const { return model_; }
  CustomerContext customer(const ShardSnapshot& shard, store::LabelId id) const {
    return CustomerContext(shard, id, rules(), file_choice_);
  }
  std::unique_ptr<CustomerContext> new_customer(const ShardSnapshot& shard, store::LabelId id) const {
    return std::make_unique<CustomerContext>(shard, id, rules(), file_choice_);
  }
  Day as_of() const { return as_of_; }
  // Recorded time up to which records count; none: all.
  std::optional<std::int64_t> known_at() const { return known_at_; }
  FileChoice file_choice() const { return file_choice_; }
  Format format() const { return format_; }
  // For answers whose as_of is another date.
  void set_as_of(Day day) { as_of_ = day; }

  // Reads the filters that this view knows.
  Filters filters(std::initializer_list<std::string_view> known);

  const std::vector<std::shared_ptr<const ShardSnapshot>>& shards();
  // The shard that holds this customer.
  const ShardSnapshot& shard_of(std::string_view customer_id);
  // The account in its shard; 404 when it has no event that is known.
  std::unique_ptr<CustomerContext> find_customer(const ShardSnapshot& shard, std::string_view customer_id) const;
  // The shard as it was known at an instant.
  ShardSnapshot recall(const ShardSnapshot& shard, std::int64_t recorded_ms) const;
  // Shards to scan, and the customer in them, under a customer_id filter. No shard when the customer
  // is not known.
  struct Scope {
    std::vector<const ShardSnapshot*> shards;
    std::optional<store::LabelId> customer;
  };
  Scope scope(const Filters& filters);

  // An answer that is a list, which takes the rows of the page asked for.
  Answer list(std::string rows_name, std::vector<std::string> columns) const;

  // All of the rows in one, unless a page_size was asked for.
  Answer whole_list(std::string rows_name, std::vector<std::string> columns) const;

  // Writes the answer in the question's format (after every parameter was asked for).
  std::string render(Answer answer);

  // The reference of an event as all answers show it, under "event" (event_columns()).
  Row event_row(const EventRef& event) const;
  // Sorts by topic, partition, offset.
  static std::string position_key(std::int32_t partition, domain::Position at);

 private:
  std::string render_json(Answer answer);
  std::string render_csv(Answer answer);
  std::string request_fingerprint() const;

  const ReadModel& model_;
  std::string path_;
  const ParameterMap& given_;
  Parameters parameters_;
  Day as_of_ = 0;
  std::optional<std::int64_t> known_at_;
  FileChoice file_choice_ = FileChoice::kAsWas;
  Format format_;
  bool is_paged_ = false;                // A page_size was asked for.
  std::optional<std::size_t> rows_max_;  // Of the page; none: all.
  std::string after_;                    // The last key of the page before, or empty.
  std::vector<std::shared_ptr<const ShardSnapshot>> shards_;
};

// Sort keys.
std::string sort_key(std::initializer_list<std::string_view> parts);
// Eight bytes in number order; and the day that a key begins with.
std::string sortable(std::int64_t number);
Day first_day(std::string_view key);

// "event.event_id" …
const std::vector<std::string>& event_columns();
// Keys of targets and rates are accounts of the log, not customers.
bool is_customer(std::string_view name);

}  // namespace daybook::query
