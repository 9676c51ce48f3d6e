// A large data directory out of a smaller one: every shard and its partitions of the log some times over,
// under partition numbers of their own. Folding as much would take many times as long.
#include <fcntl.h>
#include <fmt/format.h>

#include <filesystem>

#include "base/file.h"
#include "engine/manifest.h"
#include "engine/projector.h"
#include "log/embedded/segment.h"
#include "log/embedded_log.h"
#include "support.h"

namespace daybook::bench {
namespace {

namespace fs = std::filesystem;

// A segment names its partition in its head, and so does its index.
void copy_segment(const fs::path& from, const log::SegmentName& name, const fs::path& to,
                  const log::SegmentName& copy) {
  const std::string segment = to / log::segment_file(copy);
  fs::copy_file(from / log::segment_file(name), segment);
  File file = must(File::open(segment, O_RDWR));
  must(file.write_at(log::encode_segment_header(copy), 0));
  const auto bytes = read_file(from / log::index_file(name));
  if (!bytes) return;  // It is made up for by reading the segment.
  const auto index = log::decode_index(name, *bytes);
  if (!index) give_up("an index of " + from.string() + " is damaged");
  File index_file = must(File::open(to / log::index_file(copy), O_RDWR | O_CREAT));
  must(index_file.write_at(log::encode_index(copy, *index), 0));
}

}  // namespace

int enlarge(const std::string& from, const std::string& to, int times) {
  engine::Manifest manifest = must(engine::read_manifest(from));
  const std::int32_t count = manifest.partitions;
  manifest.partitions = count * times;
  must(engine::keep_manifest(to, manifest));
  log::EmbeddedLogOptions options;
  options.data_directory = to;
  options.partition_count = manifest.partitions;
  // Made, and closed again.
  must(log::open_embedded_log(options)).reset();
  fs::create_directories(to + "/shards");
  for (int i = 0; i < times; ++i) {
    for (std::int32_t partition = 0; partition < count; ++partition) {
      fs::copy(engine::shard_path(from, partition), engine::shard_path(to, i * count + partition),
               fs::copy_options::recursive);
    }
    for (const auto& entry : fs::directory_iterator(from + "/log")) {
      const auto name = log::parse_segment_file(entry.path().filename().string());
      if (!name) continue;
      log::SegmentName copy = *name;
      copy.at.partition += i * count;
      copy_segment(from + "/log", *name, to + "/log", copy);
    }
  }
  return 0;
}

}  // namespace daybook::bench
