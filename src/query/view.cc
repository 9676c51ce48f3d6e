#include "query/view.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/bytes.h"
#include "base/hash.h"
#include "domain/event_types.h"
#include "query/known_at.h"
#include "query/views.h"

namespace daybook::query {
namespace {

std::string to_hex_text(std::string_view bytes) {
  std::string text;
  for (const char c : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return text;
}

std::optional<std::string> from_hex_text(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    int byte = 0;
    for (const char c : text.substr(i, 2)) {
      const auto digit = std::string_view("0123456789abcdef").find(c);
      if (digit == std::string_view::npos) return std::nullopt;
      byte = byte * 16 + static_cast<int>(digit);
    }
    bytes += static_cast<char>(byte);
  }
  return bytes;
}

// In front of the last key, of a page token: what was asked for, and the as_of that it was answered for.
constexpr std::size_t kFingerprintBytes = 8;
constexpr std::size_t kTokenHeadBytes = kFingerprintBytes + 8;

}  // namespace

bool passes(const std::optional<std::string>& filter, std::string_view value) {
  if (!filter) return true;
  return *filter == kUnassigned && value.empty() ? true : *filter == value;
}

bool passes_region(const std::optional<std::string>& filter, std::string_view region) {
  if (!filter) return true;
  if (passes(filter, region)) return true;
  return region.size() > filter->size() && region.starts_with(*filter) && region[filter->size()] == '/';
}

std::string group_name(std::string_view value) {
  return std::string(value.empty() ? kUnassigned : value);
}

std::string cut_region(std::string_view region, int level) {
  std::size_t end = std::string_view::npos;
  std::size_t at = 0;
  for (int i = 0; i < level; ++i) {
    end = region.find('/', at);
    if (end == std::string_view::npos) break;
    at = end + 1;
  }
  return std::string(level == 0 ? region : region.substr(0, end));
}

std::string sort_key(std::initializer_list<std::string_view> parts) {
  std::string key;
  for (const std::string_view part : parts) {
    key += part;
    key += '\0';
  }
  return key;
}

std::string sortable(std::int64_t number) {
  std::string key;
  ByteWriter(key).big64(static_cast<std::uint64_t>(number) ^ 0x8000'0000'0000'0000U);
  return key;
}

Day first_day(std::string_view key) {
  return static_cast<Day>(static_cast<std::int64_t>(ByteReader(key).big64() ^ 0x8000'0000'0000'0000U));
}

const std::vector<std::string>& event_columns() {
  static const std::vector<std::string> columns = {"event.event_id", "event.type",        "event.topic",
                                                   "event.partition", "event.offset",     "event.recorded_at",
                                                   "event.occurred_at"};
  return columns;
}

bool is_customer(std::string_view name) { return !name.starts_with("target:") && !name.starts_with("fx:"); }

Question::Question(const ReadModel& model, const Today& today, std::string_view path,
                   const ParameterMap& given, Format format)
    : model_(model), path_(path), given_(given), parameters_(given), format_(format) {
  as_of_ = parameters_.date("as_of").value_or(today());
  if (parameters_.one_of("attributes", {"as_was", "as_now"}, "as_was") == "as_now") {
    file_choice_ = FileChoice::kAsNow;
  }
  known_at_ = parameters_.instant_ms("known_at", model_.rules().zone);
  parameters_.one_of("format", {"json", "csv", "html"}, "json");
  const auto page_size = parameters_.integer("page_size", 1, 1000);
  is_paged_ = page_size.has_value();
  if (page_size || format_ != Format::kCsv) rows_max_ = static_cast<std::size_t>(page_size.value_or(100));
  if (const auto given_token = parameters_.text("page_token")) {
    const auto token = from_hex_text(*given_token);
    if (!token || token->size() < kTokenHeadBytes ||
        token->substr(0, kFingerprintBytes) != request_fingerprint()) {
      refuse_parameter("page_token", "belongs to another request");
    }
    // Pages of one answer are of one date, also over midnight.
    as_of_ = first_day(std::string_view(*token).substr(kFingerprintBytes));
    if (as_of_ < kFirstDate || as_of_ > kLastDate) refuse_parameter("page_token", "belongs to another request");
    after_ = token->substr(kTokenHeadBytes);
  }
  const Wait wait = read_wait(model_, parameters_);
  if (const Wait::Position* missing = first_missing(model_, wait)) {
    refuse(503, "Not folded yet", fmt::format("{} was not folded within {} ms", missing->text, wait.at_most.count()));
  }
}

Wait read_wait(const ReadModel& model, Parameters& parameters) {
  Wait wait;
  wait.at_most = std::chrono::milliseconds(parameters.integer("wait_ms", 0, 60'000).value_or(5'000));
  for (const std::string& item : parameters.list("min_position")) {
    const std::size_t last = item.rfind(':');
    const std::size_t middle = last == std::string::npos ? last : item.rfind(':', last - 1);
    std::optional<log::Topic> topic;
    std::int64_t partition = -1;
    std::int64_t offset = -1;
    if (middle != std::string::npos && middle > 0) {
      topic = log::parse_topic_name(model.topic_prefix(), item.substr(0, middle));
      const auto number = [](std::string_view text) -> std::int64_t {
        if (text.empty() || text.size() > 18) return -1;
        std::int64_t value = 0;
        for (const char c : text) {
          if (c < '0' || c > '9') return -1;
          value = value * 10 + (c - '0');
        }
        return value;
      };
      partition = number(std::string_view(item).substr(middle + 1, last - middle - 1));
      offset = number(std::string_view(item).substr(last + 1));
    }
    if (!topic || *topic == log::Topic::kDeadLetter || partition < 0 ||
        partition >= model.partition_count() || offset < 0) {
      refuse_parameter("min_position", fmt::format("'{}' is not topic:partition:offset", item));
    }
    wait.positions.push_back({{*topic, static_cast<std::int32_t>(partition)}, offset, item});
  }
  return wait;
}

const Wait::Position* first_missing(const ReadModel& model, const Wait& wait) {
  const auto missing = std::ranges::find_if(wait.positions, [&](const Wait::Position& wanted) {
    return !model.has_folded(wanted.at, wanted.offset);
  });
  return missing == wait.positions.end() ? nullptr : &*missing;
}

Filters Question::filters(std::initializer_list<std::string_view> known) {
  Filters filters;
  const auto is_known = [&](std::string_view name) {
    return std::ranges::find(known, name) != known.end();
  };
  const auto read = [&](const char* name, std::optional<std::string>& to) {
    if (is_known(name)) to = parameters_.text(name);
  };
  read("region", filters.region);
  read("sales_rep", filters.sales_rep);
  read("customer_id", filters.customer_id);
  if (is_known("currency")) filters.currency = parameters_.currency("currency");
  read("sku", filters.sku);
  read("channel", filters.channel);
  read("kind", filters.kind);
  read("warehouse", filters.warehouse);
  read("grade", filters.grade);
  return filters;
}

const std::vector<std::shared_ptr<const ShardSnapshot>>& Question::shards() {
  if (shards_.empty()) {
    for (std::int32_t partition = 0; partition < model_.partition_count(); ++partition) {
      auto shard = value_or_refuse(model_.open(partition));
      if (known_at_) shard = std::make_shared<const ShardSnapshot>(model_.recall(*shard, *known_at_));
      shards_.push_back(std::move(shard));
    }
  }
  return shards_;
}

const ShardSnapshot& Question::shard_of(std::string_view customer_id) {
  return *shards()[static_cast<std::size_t>(log::partition_of(customer_id, model_.partition_count()))];
}

std::unique_ptr<CustomerContext> Question::find_customer(const ShardSnapshot& shard,
                                                         std::string_view customer_id) const {
  const auto id = is_customer(customer_id) ? shard.labels->find_customer(customer_id) : std::nullopt;
  auto customer = id ? new_customer(shard, *id) : nullptr;
  if (customer == nullptr || !customer->is_known()) {
    refuse(404, "Not found", fmt::format("there is no customer '{}'", customer_id));
  }
  return customer;
}

ShardSnapshot Question::recall(const ShardSnapshot& shard, std::int64_t recorded_ms) const {
  return model_.recall(shard, recorded_ms);
}

Question::Scope Question::scope(const Filters& filters) {
  Scope scope;
  if (filters.customer_id) {
    const ShardSnapshot& shard = shard_of(*filters.customer_id);
    scope.customer = shard.labels->find_customer(*filters.customer_id);
    if (scope.customer) scope.shards.push_back(&shard);
  } else {
    for (const auto& shard : shards()) scope.shards.push_back(shard.get());
  }
  return scope;
}

std::string Question::request_fingerprint() const {
  std::string bytes = path_;
  for (const auto& [name, value] : given_) {
    if (name == "page_token" || name == "min_position" || name == "wait_ms" || name == "page_size") continue;
    bytes += sort_key({name, value});
  }
  std::string fingerprint;
  ByteWriter(fingerprint).big64(hash64(bytes));
  return fingerprint;
}

Rows::Page Rows::take() {
  std::ranges::sort(rows_, {}, &SortedRow::key);
  Page page{std::move(rows_), false};
  if (count_ && page.rows.size() > *count_) {
    page.more = true;
    page.rows.resize(*count_);
  }
  return page;
}

Answer Question::list(std::string rows_name, std::vector<std::string> columns) const {
  Answer answer;
  answer.rows_name = std::move(rows_name);
  answer.columns = std::move(columns);
  answer.rows = Rows(after_, rows_max_);
  return answer;
}

Answer Question::whole_list(std::string rows_name, std::vector<std::string> columns) const {
  Answer answer = list(std::move(rows_name), std::move(columns));
  if (!is_paged_) answer.rows = Rows();
  return answer;
}

std::string Question::render(Answer answer) {
  switch (format_) {
    case Format::kJson:
      return render_json(std::move(answer));
    case Format::kCsv:
      return render_csv(std::move(answer));
    case Format::kHtml:
      parameters_.done();
      return std::move(answer.page);
  }
  return {};
}

std::string Question::render_json(Answer answer) {
  parameters_.done();
  Rows::Page page = answer.rows.take();
  JsonWriter json;
  json.begin_object();
  json.field("as_of", format_date(as_of_));
  json.field("known_at", known_at_ ? Value::instant_ms(*known_at_) : Value());
  for (const auto& [name, value] : answer.head.values) json.field(name, value);
  if (!answer.rows_name.empty()) {
    json.key(answer.rows_name);
    json.begin_array();
    for (SortedRow& row : page.rows) {
      write_json(row.row, json);
      row.row = Row();  // What is written need not be there twice.
    }
    json.end_array();
    json.field("next_page_token",
               page.more ? Value::text(to_hex_text(request_fingerprint() + sortable(as_of_) + page.rows.back().key)) : Value());
  }
  for (const auto& [name, value] : answer.tail.values) json.field(name, value);

  std::int64_t newest = 0;
  std::int64_t waiting = 0;
  std::int64_t parked = 0;
  json.key("positions");
  json.begin_array();
  for (const log::Topic topic : log::kEventTopics) {
    const std::string name = log::topic_name(model_.topic_prefix(), topic);
    for (const auto& shard : shards()) {
      json.begin_object();
      json.field("topic", name);
      json.field("partition", shard->partition);
      json.field("next_offset", shard->state.topics[static_cast<std::size_t>(topic)].next_offset);
      json.end_object();
    }
  }
  json.end_array();
  for (const auto& shard : shards()) {
    newest = std::max(newest, shard->state.newest_recorded_ms);
    waiting += known_at_ ? shard->known_at->waiting(*shard) : shard->state.waiting;
    parked += known_at_ ? parked_count(*shard) : static_cast<std::int64_t>(shard->state.parked);
  }
  json.field("newest_recorded_at", newest == 0 ? Value() : Value::instant_ms(newest));
  json.field("waiting", waiting);
  if (answer.rows_name != "parked") json.field("parked", parked);
  json.end_object();
  return json.take();
}

std::string Question::render_csv(Answer answer) {
  parameters_.done();
  if (answer.rows_name.empty()) refuse(406, "No rows", "this answer has no rows to give as CSV");
  std::vector<Row> rows;
  for (SortedRow& row : answer.rows.take().rows) rows.push_back(std::move(row.row));
  return to_csv(answer.columns, rows);
}

Row Question::event_row(const EventRef& event) const {
  const auto& told = event.told;
  Row row;
  row.add("event_id", told ? Value::text(told->event_id.text()) : Value());
  row.add("type", told ? Value::text(domain::payload_name(told->type)) : Value());
  row.add("topic", Value::text(log::topic_name(model_.topic_prefix(), static_cast<log::Topic>(event.at.topic))));
  row.add("partition", Value::integer(event.partition));
  row.add("offset", Value::integer(event.at.offset));
  row.add("recorded_at", Value::instant_ms(event.recorded_ms));
  row.add("occurred_at", told ? Value::instant(told->occurred_at) : Value());
  return row;
}

std::string Question::position_key(std::int32_t partition, domain::Position at) {
  return sortable(at.topic) + sortable(partition) + sortable(at.offset);
}

}  // namespace daybook::query
