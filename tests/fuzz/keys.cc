// Stored keys: a key that is read is the one that is written for what was read.
#include "store/keys.h"
#include "fuzz/target.h"

namespace daybook::fuzz {
namespace {

template <typename Key>
void read(std::string_view bytes) {
  const Exact exact(bytes);
  const auto key = Key::parse(exact.view());
  if (key) {
    expect(key->bytes() == bytes, "a key comes back");
  } else {
    expect(key.error().code == ErrorCode::kCorrupt, "bytes that no version wrote are damage");
  }
}

}  // namespace
}  // namespace daybook::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace daybook;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  fuzz::read<store::LabelKey>(bytes);
  fuzz::read<store::ParkedKey>(bytes);
  fuzz::read<store::JournalKey>(bytes);
  fuzz::read<store::AnomalyKey>(bytes);
  fuzz::read<store::IdKey>(bytes);
  fuzz::read<store::ShipmentKey>(bytes);
  fuzz::read<store::NameKey>(bytes);
  fuzz::read<store::EndedKey>(bytes);
  fuzz::read<store::DocumentKey>(bytes);
  fuzz::read<store::WaitedKey>(bytes);
  fuzz::read<store::PageKey>(bytes);
  fuzz::read<store::OpenedKey>(bytes);
  fuzz::read<store::CycleRowKey>(bytes);
  return 0;
}
