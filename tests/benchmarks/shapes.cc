// Folds one account's documents of an extreme but valid shape in one thread, for `shapes` beside this file, which
// counts what it costs as the documents grow.
#include <sys/resource.h>
#include <time.h>

#include <functional>
#include <limits>
#include <map>
#include <span>

#include "base/ensure.h"
#include "engine/shard.h"
#include "events/json.h"
#include "events/record.h"
#include "events/validate.h"
#include "support.h"
#include "support/hostile.h"

namespace {

using namespace daybook;

// Tells events of customer C in the order in which they are read, at the end of day `day` of 2000 and after it.
class Story {
 public:
  void tell(int day, const std::string& payload) {
    const std::string date = format_date(day_from_civil({2000, 1, 1}) + day);
    const std::string json =
        fmt::format(R"({{"event_id":"e{}","customer_id":"C","source":"s","occurred_at":"{}T12:00:00Z",{}}})", told_++,
                    date, payload);
    events::v1::Event event;
    events::Violations violations;
    if (!events::read_event(json, event, violations)) bench::give_up(violations.kept().front().message);
    tell(event);
  }
  void tell(const events::v1::Event& event) {
    log::Record& record = records_.emplace_back();
    record.topic = events::topic_of(event.payload_case());
    record.offset = next_[static_cast<std::size_t>(record.topic)]++;
    record.timestamp_ms = 1'600'000'000'000 + static_cast<std::int64_t>(records_.size());
    keys_.push_back(std::make_unique<std::string>(event.customer_id()));
    values_.push_back(std::make_unique<std::string>(event.SerializeAsString()));
    record.key = *keys_.back();
    record.value = *values_.back();
  }
  const std::vector<log::Record>& records() const { return records_; }

 private:
  int told_ = 0;
  std::array<std::int64_t, log::kEventTopicCount> next_{};
  std::vector<std::unique_ptr<std::string>> keys_;
  std::vector<std::unique_ptr<std::string>> values_;
  std::vector<log::Record> records_;
};

// Events of many accounts, any of all that are valid, until there are n of them and of the lines, instalments,
// allocations and ids in their lists.
void tell_any(Story& story, int n) {
  std::size_t left = static_cast<std::size_t>(n);
  for (std::uint32_t seed = 1; left > 0; ++seed) {
    for (const test::HostileRecord& record : test::Hostile(seed, test::Values::kWhole).records(6)) {
      events::v1::Event event;
      Arena arena;
      events::Violations violations;
      if (!event.ParseFromString(record.value) || !events::validate(event, arena, violations)) continue;
      if (record.topic == log::Topic::kReference) continue;  // An account by itself.
      const std::size_t things = 1 + test::things_in(event);
      if (things > left) continue;
      left -= things;
      event.set_customer_id("C" + std::to_string(seed));
      story.tell(event);
    }
  }
}

std::string date(int day) { return format_date(day_from_civil({2000, 1, 1}) + day); }

// `item(i)` for each, with commas between.
std::string list(int from, int to, const std::function<std::string(int)>& item) {
  std::string text;
  for (int i = from; i < to; ++i) text += (i == from ? "" : ",") + item(i);
  return text;
}

std::string order_line(int i) {
  return fmt::format(R"({{"line_id":"{}","sku":"S{}","quantity":"5","net_minor":700,"tax_minor":9}})", i, i % 7);
}
std::string moved_line(int i) { return fmt::format(R"({{"line_id":"{}","quantity":"2"}})", i); }

void place(Story& story, int lines) {
  story.tell(
      0, fmt::format(R"("order_placed":{{"order_id":"O","currency":"CNY","lines":[{}]}})", list(0, lines, order_line)));
}
void dispatch(Story& story, int day, int shipment, int from, int to) {
  story.tell(day, fmt::format(R"("shipment_dispatched":{{"shipment_id":"S{}","order_id":"O","lines":[{}]}})", shipment,
                              list(from, to, moved_line)));
}
void deliver(Story& story, int day, int shipment) {
  story.tell(day, fmt::format(R"("shipment_delivered":{{"shipment_id":"S{}","order_id":"O"}})", shipment));
}
void give_back(Story& story, int day, int back, int shipment, int line, bool resent) {
  story.tell(
      day,
      fmt::format(
          R"("shipment_returned":{{"return_id":"R{}","shipment_id":"S{}","order_id":"O","to_be_resent":{},"lines":[{}]}})",
          back, shipment, resent, moved_line(line)));
}
void issue(Story& story, int day, int invoice, std::int64_t gross, const std::string& more = "") {
  story.tell(
      day, fmt::format(R"("invoice_issued":{{"invoice_id":"I{}","currency":"CNY","net_minor":{},"issue_date":"{}"{}}})",
                       invoice, gross, date(day), more));
}
std::string allocation(int invoice, int amount) {
  return fmt::format(R"({{"invoice_id":"I{}","amount_minor":{}}})", invoice, amount);
}
void pay(Story& story, int day, const std::string& payment, std::int64_t amount, const std::string& allocations) {
  story.tell(
      day,
      fmt::format(
          R"("payment_received":{{"payment_id":"{}","currency":"CNY","amount_minor":{},"value_date":"{}","allocations":[{}]}})",
          payment, amount, date(day), allocations));
}
void allocate(Story& story, int day, int allocation_id, const std::string& allocations) {
  story.tell(
      day,
      fmt::format(R"("payment_allocated":{{"allocation_id":"A{}","payment_id":"P","date":"{}","allocations":[{}]}})",
                  allocation_id, date(day), allocations));
}

void issue_in_instalments(Story& story, int n, const std::function<int(int)>& due_day) {
  const auto instalment = [&](int i) {
    return fmt::format(R"({{"due_date":"{}","amount_minor":100}})", date(due_day(i)));
  };
  issue(story, 0, 0, 100LL * n, fmt::format(R"(,"instalments":[{}])", list(0, n, instalment)));
}
void move_due_date(Story& story, int day, int to) {
  story.tell(day, fmt::format(R"("invoice_due_date_changed":{{"invoice_id":"I0","due_date":"{}"}})", date(to)));
}
void issue_for_orders(Story& story, int orders, std::int64_t gross) {
  for (int i = 0; i < orders; ++i) {
    story.tell(1,
               fmt::format(R"("order_placed":{{"order_id":"O{}","currency":"CNY","lines":[{}]}})", i, order_line(0)));
  }
  issue(story, 3, 0, gross,
        fmt::format(R"(,"order_ids":[{}])", list(0, orders, [](int i) { return fmt::format("\"O{}\"", i); })));
}

// By name: tells about `n` things (events, or items in their lists).
const std::map<std::string, std::function<void(Story&, int)>>& shapes() {
  static const std::map<std::string, std::function<void(Story&, int)>> all = {
      {"order_lines",
       [](Story& story, int n) {
         place(story, n);
         dispatch(story, 3, 0, 0, n);
         deliver(story, 5, 0);
         story.tell(6, R"("order_cancelled":{"order_id":"O"})");
       }},
      {"order_changes",
       [](Story& story, int n) {
         place(story, 100);
         dispatch(story, 1, 0, 0, 50);
         for (int i = 0; i < n / 100; ++i) {
           story.tell(2 + i,
                      fmt::format(R"("order_changed":{{"order_id":"O","lines":[{}]}})", list(i % 3, 100, order_line)));
         }
       }},
      {"order_cancellations",
       [](Story& story, int n) {
         place(story, n);
         dispatch(story, 1, 0, 0, n / 2);
         for (int i = 0; i < n; ++i) {
           story.tell(2 + i, fmt::format(R"("order_cancelled":{{"order_id":"O","line_ids":["{}"]}})", i));
         }
       }},
      {"whole_cancellations",
       [](Story& story, int n) {
         place(story, n);
         for (int i = 0; i < n; ++i) story.tell(2 + i, R"("order_cancelled":{"order_id":"O"})");
       }},
      {"dispatches",
       [](Story& story, int n) {
         place(story, n);
         for (int i = 0; i < n; ++i) dispatch(story, 1 + i, i, i, i + 1);
         for (int i = 0; i < n; ++i) deliver(story, 2 + i, i);
       }},
      {"returns",
       [](Story& story, int n) {
         place(story, n);
         dispatch(story, 1, 0, 0, n);
         for (int i = 0; i < n; ++i) give_back(story, 2 + i, i, 0, i, i % 2 == 0);
       }},
      {"exchanges",
       [](Story& story, int n) {
         place(story, 1);
         for (int i = 0; i < n; ++i) {
           dispatch(story, 1 + i, i, 0, 1);
           give_back(story, 1 + i, i, i, 0, true);
         }
       }},
      {"delays",
       [](Story& story, int n) {
         place(story, 1);
         for (int i = 0; i < n; ++i) {
           story.tell(
               1 + i,
               R"("order_delayed":{"order_id":"O","stage":"PRODUCE","reason_code":"late","promised_date":"2030-01-01"})");
         }
       }},
      {"invoices_of_an_order",
       [](Story& story, int n) {
         place(story, 3);
         dispatch(story, 1, 0, 0, 3);
         for (int i = 0; i < n; ++i) issue(story, 1 + i, i, 100, R"(,"order_ids":["O"])");
         pay(story, n + 2, "P", 100LL * n, list(0, n, [](int i) { return allocation(i, 100); }));
       }},
      {"orders_of_an_invoice",
       [](Story& story, int n) {
         issue_for_orders(story, n, 100);
         pay(story, 4, "P", 100, allocation(0, 100));
       }},
      {"allocations",
       [](Story& story, int n) {
         for (int i = 0; i < n; ++i) issue(story, i, i, 100);
         pay(story, n, "P", 100LL * n, list(0, n, [](int i) { return allocation(i, 99); }));
       }},
      {"allocations_first",
       [](Story& story, int n) {
         pay(story, n, "P", 100LL * n, list(0, n, [](int i) { return allocation(i, 99); }));
         for (int i = 0; i < n; ++i) issue(story, i, i, 100);
       }},
      {"payments_of_an_invoice",
       [](Story& story, int n) {
         issue(story, 0, 0, 100LL * n);
         for (int i = 0; i < n; ++i) pay(story, 1 + i, fmt::format("P{}", i), 99, allocation(0, 99));
       }},
      {"credit_notes_of_an_invoice",
       [](Story& story, int n) {
         issue(story, 0, 0, 100LL * n, R"(,"order_ids":["O"])");
         place(story, 2);
         dispatch(story, 2, 0, 0, 2);
         for (int i = 0; i < n; ++i) {
           story.tell(
               3 + i,
               fmt::format(
                   R"("credit_note_issued":{{"credit_note_id":"N{}","invoice_id":"I0","currency":"CNY","net_minor":9,"issue_date":"{}"}})",
                   i, date(3 + i)));
         }
       }},
      {"allocated_and_taken_back",
       [](Story& story, int n) {
         issue(story, 0, 0, 1'000'000);
         pay(story, 1, "P", 1'000'000, "");
         for (int i = 0; i < n; ++i) {
           allocate(story, 2 + i, i, allocation(0, 1000));
           story.tell(3 + i,
                      fmt::format(R"("payment_unallocated":{{"allocation_id":"A{}","payment_id":"P","date":"{}"}})", i,
                                  date(3 + i)));
         }
       }},
      {"refunds",
       [](Story& story, int n) {
         issue(story, 0, 0, 100LL * n);
         pay(story, 1, "P", 100LL * n, list(0, n, [](int) { return allocation(0, 100); }));
         for (int i = 0; i < n; ++i) {
           story.tell(
               2 + i,
               fmt::format(
                   R"("refund_paid":{{"refund_id":"F{}","payment_id":"P","currency":"CNY","amount_minor":70,"value_date":"{}"}})",
                   i, date(2 + i)));
         }
       }},
      {"refunds_of_an_item",
       [](Story& story, int n) {
         issue(story, 0, 0, 100LL * n);
         pay(story, 1, "P", 100LL * n, allocation(0, 100 * n));
         for (int i = 0; i < n; ++i) {
           story.tell(
               2 + i,
               fmt::format(
                   R"("refund_paid":{{"refund_id":"F{}","payment_id":"P","currency":"CNY","amount_minor":70,"value_date":"{}"}})",
                   i, date(2 + i)));
         }
       }},
      {"refunds_of_no_source",
       [](Story& story, int n) {
         pay(story, 1, "P", 100, "");
         for (int i = 0; i < n; ++i) {
           story.tell(2 + i,
                      fmt::format(
                          R"("refund_paid":{{"refund_id":"F{}","currency":"CNY","amount_minor":70,"value_date":"{}"}})",
                          i, date(2 + i)));
         }
       }},
      {"refunds_of_an_unknown_source",
       [](Story& story, int n) {
         for (int i = 0; i < n; ++i) {
           story.tell(
               2 + i,
               fmt::format(
                   R"("refund_paid":{{"refund_id":"F{}","payment_id":"P","currency":"CNY","amount_minor":70,"value_date":"{}"}})",
                   i, date(2 + i)));
         }
       }},
      {"unknown_disputes",
       [](Story& story, int n) {
         issue(story, 0, 0, 100);
         for (int i = 0; i < n; ++i) {
           story.tell(
               1 + i,
               fmt::format(R"("dispute_resolved":{{"dispute_id":"D{}","invoice_id":"I0","outcome":"UPHELD"}})", i));
         }
       }},
      {"instalments",
       [](Story& story, int n) {
         issue_in_instalments(story, n, [](int i) { return i * 7 % 9'000; });
         pay(story, 3, "P", 50LL * n, allocation(0, 50 * n));
         story.tell(4, R"("invoice_due_date_changed":{"invoice_id":"I0","due_date":"2030-01-01"})");
       }},
      {"part_payments_of_instalments",
       [](Story& story, int n) {
         issue_in_instalments(story, n, [](int i) { return i; });
         for (int i = 0; i < n; ++i) pay(story, 1 + i, fmt::format("P{}", i), 99, allocation(0, 99));
       }},
      {"due_date_changes",
       [](Story& story, int n) {
         issue(story, 0, 0, 100);
         for (int i = 0; i < n; ++i) {
           move_due_date(story, 1 + i, i * 5 % 777);
         }
       }},
      {"disputes",
       [](Story& story, int n) {
         issue(story, 0, 0, 100LL * n);
         for (int i = 0; i < n; ++i) {
           story.tell(1 + i, fmt::format(
                                 R"("invoice_disputed":{{"dispute_id":"D{}","invoice_id":"I0","amount_minor":7}})", i));
           story.tell(
               3 + i,
               fmt::format(R"("dispute_resolved":{{"dispute_id":"D{}","invoice_id":"I0","outcome":"UPHELD"}})", i));
         }
       }},
      {"write_offs",
       [](Story& story, int n) {
         issue(story, 0, 0, 100LL * n);
         for (int i = 0; i < n; ++i) {
           story.tell(
               1 + i,
               fmt::format(
                   R"("invoice_written_off":{{"write_off_id":"W{}","invoice_id":"I0","amount_minor":70,"date":"{}"}})",
                   i, date(1 + i)));
           story.tell(
               2 + i,
               fmt::format(
                   R"("write_off_recovered":{{"recovery_id":"V{}","write_off_id":"W{}","invoice_id":"I0","amount_minor":30,"date":"{}"}})",
                   i, i, date(2 + i)));
         }
       }},
      {"recoveries_of_a_write_off",
       [](Story& story, int n) {
         issue(story, 0, 0, 100LL * n);
         story.tell(
             1, fmt::format(
                    R"("invoice_written_off":{{"write_off_id":"W","invoice_id":"I0","amount_minor":{},"date":"{}"}})",
                    100LL * n, date(1)));
         for (int i = 0; i < n; ++i) {
           story.tell(
               2 + i,
               fmt::format(
                   R"("write_off_recovered":{{"recovery_id":"V{}","write_off_id":"W","invoice_id":"I0","amount_minor":30,"date":"{}"}})",
                   i, date(2 + i)));
         }
       }},
      {"customer_files",
       [](Story& story, int n) {
         for (int i = 0; i < n; ++i) {
           story.tell(
               i, fmt::format(R"("customer_profile_set":{{"name":"N{}","region":"R{}","payment_terms_days":{}}})", i,
                              i % 9, i % 30));
         }
         for (int i = 0; i < n; ++i) issue(story, i, i, 100);
       }},
      {"promises",
       [](Story& story, int n) {
         for (int i = 0; i < n; ++i) issue(story, i, i, 100);
         story.tell(
             n,
             fmt::format(
                 R"("promise_made":{{"promise_id":"M","currency":"CNY","amount_minor":9,"promised_date":"2030-01-01","invoice_ids":[{}]}})",
                 list(0, n, [](int i) { return fmt::format("\"I{}\"", i); })));
       }},
      {"any_values", tell_any},
      {"repeats",
       [](Story& story, int n) {
         place(story, 1);
         for (int i = 0; i < n; ++i) {
           story.tell(1, R"("order_confirmed":{"order_id":"O"})");
           story.tell(1, fmt::format(R"("shipment_dispatched":{{"shipment_id":"S0","order_id":"O","lines":[{}]}})",
                                     moved_line(i % 2)));
         }
       }},
      // Products: n of the one, n / 10 of the other. Where each of these moves all of those, they are as many figures: every
      // second day an instalment is due, and they move by a day, so that none takes another's place.
      {"instalments_by_due_changes",
       [](Story& story, int n) {
         issue_in_instalments(story, n, [](int i) { return 2 * i; });
         for (int i = 0; i < n / 10; ++i) move_due_date(story, 1 + i, 2 * n + i);
       }},
      {"instalments_by_disputes",
       [](Story& story, int n) {
         issue_in_instalments(story, n, [](int i) { return 2 * i; });
         for (int i = 0; i < n / 10; ++i) {
           story.tell(1 + 2 * i, fmt::format(R"("invoice_disputed":{{"dispute_id":"D{}","invoice_id":"I0"}})", i));
           story.tell(
               2 + 2 * i,
               fmt::format(R"("dispute_resolved":{{"dispute_id":"D{}","invoice_id":"I0","outcome":"UPHELD"}})", i));
         }
       }},
      {"instalments_by_allocations",
       [](Story& story, int n) {
         issue_in_instalments(story, n, [](int i) { return 2 * i; });
         pay(story, 1, "P", 100LL * n, "");
         for (int i = 0; i < n / 10; ++i) {
           allocate(story, 2 + 2 * i, i, allocation(0, 100 * n));
           story.tell(3 + 2 * i,
                      fmt::format(R"("payment_unallocated":{{"allocation_id":"A{}","payment_id":"P","date":"{}"}})", i,
                                  date(3 + 2 * i)));
         }
       }},
      // Told last, of days before all that moved them.
      {"instalments_by_due_changes_paid_late",
       [](Story& story, int n) {
         issue_in_instalments(story, n, [](int i) { return 2 * i; });
         for (int i = 0; i < n / 10; ++i) move_due_date(story, 20 + i, 2 * n + i);
         for (int i = 0; i < 10; ++i) pay(story, 1 + i, fmt::format("P{}", i), 150, allocation(0, 150));
       }},
      {"orders_by_payments",
       [](Story& story, int n) {
         issue_for_orders(story, n, 100LL * n);
         for (int i = 0; i < n / 10; ++i) pay(story, 4 + i, fmt::format("P{}", i), 99, allocation(0, 99));
       }},
  };
  return all;
}

double seconds_to_fold(engine::Shard& shard, std::span<const log::Record> records) {
  // Finer than bench::thread_cpu_seconds(), for an event takes less than a tick.
  const auto now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  };
  const double before = now();
  daybook_budget_fold(shard, records, records.size());
  return now() - before;
}

}  // namespace

// shapes: lists them. shapes SHAPE N: folds it in one commit but for the last events, which come one by one. Prints the
// processor time of the one commit, the least of those of one event, and the most memory that the process had, in MiB.
int main(int argc, char** argv) {
  if (argc == 1) {
    for (const auto& [name, tell] : shapes()) fmt::print("{}\n", name);
    return 0;
  }
  ENSURE(argc == 3 && shapes().contains(argv[1]), "shapes SHAPE N");
  Story story;
  shapes().at(argv[1])(story, std::atoi(argv[2]));
  const test::TempDir directory;
  store::SharedMemory memory{64 << 20, 64 << 20};
  const domain::Rules rules{BusinessZone::find("UTC").value(), {}};
  auto store = bench::must(store::ShardStore::open(directory.path(), memory, store::ShardStore::Mode::kReadWrite));
  const auto shard = bench::must(engine::Shard::open(std::move(store), rules, {}));
  const std::span<const log::Record> records = story.records();
  const std::size_t last = std::min<std::size_t>(records.size() / 2, 8);
  const double most = seconds_to_fold(*shard, records.first(records.size() - last));
  double one = std::numeric_limits<double>::max();
  for (const log::Record& record : records.last(last)) one = std::min(one, seconds_to_fold(*shard, {&record, 1}));
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  fmt::print("{:.6f} {:.6f} {}\n", most, one, used.ru_maxrss >> 10);
  if (shard->state().parked != 0) bench::give_up("something is parked");
}
