#include "store/totals.h"

#include "base/bytes.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/release.h"
#include "store/keys.h"

namespace daybook::store {
namespace {

constexpr const char* kFile = "totals";
constexpr std::string_view kMagic = "daybktot";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kChecksumBytes = 8;

// A commit with more cells of receivables and ledger is not written down.
constexpr std::size_t kCellsMax = 16'384;
// Memory for cells that is kept from one commit to the next.
constexpr std::size_t kCellsKept = 4'096;

// By which entries know the states before and after them.
std::uint64_t brief(UInt128 digest) { return static_cast<std::uint64_t>(digest); }

std::uint16_t after(std::uint16_t entry) { return static_cast<std::uint16_t>((entry + 1) % kJournalEntries); }

// Nothing where the bytes are not what write_totals() wrote.
std::optional<Totals> decode(std::string_view bytes) {
  if (bytes.size() < kChecksumBytes) return std::nullopt;
  const std::string_view body = bytes.substr(0, bytes.size() - kChecksumBytes);
  if (ByteReader(bytes.substr(body.size())).big64() != hash64(body)) return std::nullopt;
  ByteReader in(body);
  if (in.raw(kMagic.size()) != kMagic || in.big32() != kVersion) return std::nullopt;
  Totals totals;
  const std::uint64_t high = in.big64();
  totals.digest = static_cast<UInt128>(high) << 64 | in.big64();
  totals.next_entry = in.big16();
  totals.from = day_of_ordered(in.big32());
  if (!in.ok() || !decode_page(in.raw(in.left()), totals.cells)) return std::nullopt;
  return totals;
}

// Adds the entries that follow on these from its next place on, to the journal's end or to the first that does not
// follow. Those that follow in the end reach `digest`.
Result<void> add_entries(const StoreReader& reads, std::uint64_t digest, std::uint64_t& reached, Totals& totals) {
  std::vector<Cell> cells;
  using Next = StoreReader::Next;
  const auto take = [&](std::string_view bytes, std::string_view value) -> Result<Next> {
    ASSIGN_OR_RETURN(const JournalKey key, JournalKey::parse(bytes));
    ByteReader in(value);
    if (key.entry != totals.next_entry || in.big64() != reached) return Next::kStop;
    const std::uint64_t next = in.big64();
    // The pages say what a damaged entry would have.
    if (!in.ok() || !decode_page(in.raw(in.left()), cells)) return Next::kStop;
    totals.cells.insert(totals.cells.end(), cells.begin(), cells.end());
    reached = next;
    totals.next_entry = after(totals.next_entry);
    ++totals.entries;
    return reached != digest && totals.next_entry != 0 ? Next::kGoOn : Next::kStop;
  };
  const std::string prefix(1, kJournalPrefix);
  return reads.scan(Table::kMeta, prefix, JournalKey{totals.next_entry}.bytes(), take);
}

}  // namespace

std::optional<Cell> total_of(const Cell& cell) {
  const domain::Measure measure = cell.id.measure;
  const bool counts = (domain::is_receivables(measure) && !domain::is_credit(measure)) || domain::is_ledger(measure);
  auto total = counts ? receivable_of(cell) : std::nullopt;
  if (!total) return std::nullopt;
  total->id.attributes = 0;
  total->id.day = total->id.counts_from;
  return total;
}

Result<void> write_totals(const std::string& folder, const Totals& totals) {
  std::string bytes(kMagic);
  ByteWriter out(bytes);
  out.big32(kVersion);
  out.big64(static_cast<std::uint64_t>(totals.digest >> 64));
  out.big64(static_cast<std::uint64_t>(totals.digest));
  out.big16(totals.next_entry);
  out.big32(ordered(totals.from));
  std::string page;
  encode_page(totals.cells, page);
  out.raw(page);
  out.big64(hash64(bytes));
  return write_file_durably(folder, kFile, bytes);
}

Result<std::optional<Totals>> load_totals(const StoreReader& reads, const std::string& folder,
                                          const ShardState& state) {
  // Before the first file was written the journal begins with the empty store.
  std::optional<Totals> totals = Totals();
  const auto file = read_file(folder + "/" + kFile);
  if (file) totals = decode(*file);
  if (!totals || (!file && file.error().code != ErrorCode::kNotFound)) return std::optional<Totals>();
  const std::uint64_t digest = brief(state.digest);
  std::uint64_t reached = brief(totals->digest);
  // Twice: it goes on at the first place behind the last.
  for (int i = 0; i < 2 && reached != digest; ++i) {
    RETURN_IF_ERROR(add_entries(reads, digest, reached, *totals));
    if (totals->next_entry != 0) break;
  }
  if (reached != digest) return std::optional<Totals>();
  totals->digest = state.digest;
  return totals;
}

void TotalsJournal::begin(UInt128 digest, std::uint16_t next_entry) {
  digest_ = digest;
  next_entry_ = next_entry;
}

void TotalsJournal::add(std::span<const Cell> changes) {
  if (written_) {
    written_ = false;
    cells_.clear();
    if (cells_.capacity() > kCellsKept) release(cells_);
  }
  if (too_much_) return;
  for (const Cell& change : changes) {
    if (const auto total = total_of(change)) cells_.push_back(*total);
  }
  too_much_ = cells_.size() > kCellsMax;
}

TotalsChange TotalsJournal::write(UInt128 digest, WriteBatch& set) {
  if (written_) cells_.clear();
  written_ = true;
  const UInt128 before = std::exchange(digest_, digest);
  if (std::exchange(too_much_, false)) return {.is_known = false, .cells = {}, .next_entry = next_entry_};
  if (before == digest) {
    cells_.clear();
  } else {
    add_up(cells_);
    encode_page(cells_, page_);
    entry_.clear();
    ByteWriter out(entry_);
    out.big64(brief(before));
    out.big64(brief(digest));
    out.raw(page_);
    set.put_view(Table::kMeta, JournalKey{next_entry_}.bytes(), entry_);
    next_entry_ = after(next_entry_);
  }
  return {.is_known = true, .cells = cells_, .next_entry = next_entry_};
}

}  // namespace daybook::store
