#include "base/hash.h"

#include <random>

namespace daybook {
namespace {

const std::uint64_t process_seed = std::uint64_t{std::random_device()()} << 32 | std::random_device()();

}  // namespace

std::uint64_t table_hash(std::string_view bytes, std::uint64_t of) { return hash64(bytes, process_seed ^ of); }

}  // namespace daybook
