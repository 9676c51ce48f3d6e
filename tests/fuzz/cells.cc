// Pages of cells, order-cycle rows and anomalies as stored, by the first byte: what decodes is written as what decodes to
// the same, and can be reckoned with.
#include <algorithm>

#include "fuzz/target.h"
#include "store/anomalies.h"
#include "store/cells.h"
#include "store/keys.h"

namespace daybook::fuzz {
namespace {

using namespace store;  // NOLINT: this file is about nothing else.

bool same(std::span<const Cell> one, std::span<const Cell> other) {
  return std::ranges::equal(one, other, [](const Cell& a, const Cell& b) {
    return a.id == b.id && a.value.amount == b.value.amount && a.value.quantity == b.value.quantity &&
           a.value.count == b.value.count;
  });
}

void read_page(std::string_view bytes) {
  std::vector<Cell> cells;
  const auto decoded = decode_page(Exact(bytes).view(), cells);
  if (!decoded) {
    expect(decoded.error().code == ErrorCode::kCorrupt, "bytes that no version wrote are damage");
    return;
  }
  std::string written;
  encode_page(cells, written);
  std::vector<Cell> again;
  expect(decode_page(written, again).has_value() && same(cells, again), "a page comes back");
  std::vector<Cell> none;
  merge_cells(cells, {}, none);
  merge_cells(cells, cells, none);
  for (const Cell& cell : cells) {
    page_of(cell.id);
    receivable_of(cell);
  }
}

void read_cycle_row(std::string_view bytes) {
  const Exact exact(bytes);
  const auto row = decode_cycle_row(exact.view());
  if (!row) {
    expect(row.error().code == ErrorCode::kCorrupt, "bytes that no version wrote are damage");
    return;
  }
  std::string written;
  encode_cycle_row(*row, written);
  const auto again = decode_cycle_row(written);
  expect(again.has_value(), "what this version writes it reads");
  std::string once_more;
  encode_cycle_row(*again, once_more);
  expect(once_more == written, "a row comes back");
}

// Key and value, a byte for the key's length in front.
void read_anomaly(Input input) {
  const std::size_t size = input.byte();
  const Exact key(input.rest().substr(0, size));
  const Exact value(input.rest().substr(key.view().size()));
  const auto stored = decode_anomaly(key.view(), value.view());
  if (!stored) {
    expect(stored.error().code == ErrorCode::kCorrupt, "bytes that no version wrote are damage");
    return;
  }
  const auto parsed = AnomalyKey::parse(key.view());
  expect(parsed.has_value(), "an anomaly has a key");
  const AnomalyRow row = encode_anomaly(stored->customer, parsed->emitter, stored->anomaly);
  const auto again = decode_anomaly(row.key, row.value);
  expect(again.has_value(), "what this version writes it reads");
  expect(encode_anomaly(again->customer, parsed->emitter, again->anomaly) == row, "an anomaly comes back");
}

}  // namespace
}  // namespace daybook::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  daybook::fuzz::Input input(data, size);
  switch (input.byte() % 3) {
    case 0: daybook::fuzz::read_page(input.rest()); break;
    case 1: daybook::fuzz::read_cycle_row(input.rest()); break;
    default: daybook::fuzz::read_anomaly(input);
  }
  return 0;
}
