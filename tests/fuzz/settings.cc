// The settings file: it is read, or refused with the file's name; a key and its value, a zero byte between them, mean
// the same in the file and as a flag.
#include "app/settings.h"

#include <algorithm>

#include "fuzz/target.h"

namespace daybook::fuzz {
namespace {

using app::Settings;

bool same(const Settings& one, const Settings& other) {
  const auto of = [](const Settings& s) {
    return std::tuple(s.data, s.listen, s.brokers, s.topic_prefix, s.partitions, s.fold.business_time_zone, s.today,
                      s.threads, s.memory_mib, s.bodies_mib, s.served_names, s.log_format, s.kafka,
                      s.fold.expect.orders, s.fold.expect.shipments, s.fold.expect.invoices, s.fold.expect.payments,
                      s.fold.anomaly_days.delivered_not_invoiced, s.fold.anomaly_days.shipped_without_proof_of_delivery,
                      s.fold.anomaly_days.invoice_not_received);
  };
  return of(one) == of(other);
}

void expect_usable(const Settings& settings) {
  expect(domain::make_rules(settings.fold).has_value(), "what is allowed can be folded by");
  const auto plan = settings.memory_plan();
  expect(plan.bodies > 0, "there is memory for bodies");
  settings.kafka_options();
}

void read_file(std::string_view text) {
  const MemoryFile file(text);
  const auto settings = app::read_settings(file.path(), {}, {});
  if (settings) {
    expect_usable(*settings);
    return;
  }
  expect(settings.error().code == ErrorCode::kInvalidArgument, "a bad file is the caller's fault");
  expect(settings.error().message.find(file.path()) != std::string::npos, "an error names the file");
}

// A literal text of TOML can hold what is printable and no quote.
bool is_literal(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~' && c != '\''; });
}

void read_setting(const std::string& key, const std::string& value) {
  const auto by_flag = app::read_settings("", {{key, value}}, {});
  if (by_flag) expect_usable(*by_flag);
  const auto& keys = app::setting_keys();
  if (std::ranges::find(keys, key, &app::SettingKey::name) == keys.end()) {
    expect(!by_flag, "only a setting is one");
    return;
  }
  if (!is_literal(value)) return;
  const MemoryFile file(key + " = '" + value + "'\n");
  const auto by_file = app::read_settings(file.path(), {}, {});
  expect(by_file.has_value() == by_flag.has_value(), "a value is as good in the file as in a flag");
  expect(!by_file || same(*by_file, *by_flag), "a value means the same in the file as in a flag");
}

}  // namespace
}  // namespace daybook::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  daybook::fuzz::Input input(data, size);
  daybook::fuzz::read_file(input.rest());
  const std::string key(input.until('\0'));
  if (!input.rest().empty()) daybook::fuzz::read_setting(key, std::string(input.rest()));
  return 0;
}
