#include "app/dashboard.h"

#include <fmt/format.h>
#include <xxhash.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <string>

#include "app/dashboard_files.h"
#include "base/accept.h"
#include "base/ensure.h"

namespace daybook::app {
namespace {

constexpr std::string_view kAssets = "/assets/";
constexpr std::array<std::string_view, 1> kPacked = {"gzip"};

std::string unpacked(std::string_view gzip) {
  z_stream stream{};
  constexpr int kGzip = 16;
  ENSURE(::inflateInit2(&stream, MAX_WBITS + kGzip) == Z_OK, "there is memory to unpack with");
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(gzip.data()));
  stream.avail_in = static_cast<uInt>(gzip.size());
  std::string bytes;
  int state = Z_OK;
  while (state == Z_OK) {
    const std::size_t done = bytes.size();
    bytes.resize(done + (64 << 10));
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data() + done);
    stream.avail_out = static_cast<uInt>(bytes.size() - done);
    state = ::inflate(&stream, Z_NO_FLUSH);
    bytes.resize(bytes.size() - stream.avail_out);
  }
  ::inflateEnd(&stream);
  ENSURE(state == Z_STREAM_END, "what was embedded is whole");
  return bytes;
}

// The next of a list's entries, without blanks; `list` goes on behind it.
std::string next_entry(std::string_view& list) {
  const std::size_t end = std::min(list.find(','), list.size());
  std::string entry(list.substr(0, end));
  std::erase_if(entry, [](char c) { return c == ' ' || c == '\t'; });
  list.remove_prefix(std::min(end + 1, list.size()));
  return entry;
}

bool has_tag(std::string_view tags, std::string_view tag) {
  while (!tags.empty()) {
    std::string entry = next_entry(tags);
    if (entry.starts_with("W/")) entry.erase(0, 2);
    if (entry == tag || entry == "*") return true;
  }
  return false;
}

}  // namespace

bool has_dashboard() { return !dashboard_files().empty(); }

bool is_of_dashboard(std::string_view path) { return path == "/" || path.starts_with(kAssets); }

std::optional<http::Response> dashboard_file(const http::Request& request) {
  const auto files = dashboard_files();
  const auto file = std::ranges::find(files, request.path, &DashboardFile::path);
  if (file == files.end()) return std::nullopt;
  const bool compressed = preferred(parse_accept(request.accept_encoding), kPacked).has_value();
  const std::string tag =
      fmt::format("\"{:016x}{}\"", ::XXH3_64bits(file->gzip.data(), file->gzip.size()), compressed ? "-gzip" : "");
  http::Response response;
  response.headers = {
      {"ETag", tag},
      // What is below /assets/ is named by its content, and the page names it.
      {"Cache-Control",
       file->path == "/" || file->path == "/assets/icon.svg" ? "no-cache" : "public, max-age=31536000, immutable"},
      {"Vary", "Accept-Encoding"},
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
       "form-action 'none'; frame-ancestors 'none'"},
      {"Referrer-Policy", "no-referrer"}};
  if (has_tag(request.if_none_match, tag)) {
    response.status = 304;
    return response;
  }
  response.content_type = file->content_type;
  if (compressed) {
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = file->gzip;
  } else {
    response.body = unpacked(file->gzip);
  }
  return response;
}

}  // namespace daybook::app
