#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace daybook {

Unexpected system_error(std::string_view action, const std::string& path, int error_number) {
  return unexpected(error_number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                    fmt::format("cannot {} {}: {}", action, path, std::generic_category().message(error_number)));
}

Result<File> File::open(const std::string& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC, 0644);
  if (descriptor < 0) return system_error("open", path, errno);
  return File(descriptor, path);
}

File::File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}

File& File::operator=(File&& other) noexcept {
  if (this != &other) {
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
    path_ = std::move(other.path_);
  }
  return *this;
}

File::~File() { close(); }

void File::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::uint64_t> File::size() const {
  struct stat status{};
  if (::fstat(descriptor_, &status) != 0) return system_error("look at", path_, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

Result<std::size_t> File::read_at(char* into, std::size_t size, std::uint64_t position) const {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(descriptor_, into + done, size - done, static_cast<off_t>(position + done));
    if (got == 0) break;
    if (got > 0) {
      done += static_cast<std::size_t>(got);
    } else if (errno != EINTR) {
      return system_error("read", path_, errno);
    }
  }
  return done;
}

Result<void> File::write_at(std::string_view bytes, std::uint64_t position) {
  while (!bytes.empty()) {
    const ssize_t put = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(position));
    if (put > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(put));
      position += static_cast<std::uint64_t>(put);
    } else if (put == 0 || errno != EINTR) {
      return system_error("write", path_, put == 0 ? ENOSPC : errno);
    }
  }
  return {};
}

Result<void> File::truncate(std::uint64_t size) {
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) {
    return system_error("cut", path_, errno);
  }
  return {};
}

Result<void> File::sync() {
  if (::fdatasync(descriptor_) != 0) return system_error("sync", path_, errno);
  return {};
}

Result<std::string> read_file(const std::string& path) {
  ASSIGN_OR_RETURN(const File file, File::open(path, O_RDONLY));
  ASSIGN_OR_RETURN(const std::uint64_t size, file.size());
  std::string bytes(size, '\0');
  ASSIGN_OR_RETURN(const std::size_t got, file.read_at(bytes.data(), bytes.size(), 0));
  bytes.resize(got);
  return bytes;
}

Result<void> write_file_durably(const std::string& directory, const std::string& name, std::string_view bytes) {
  const std::string path = directory + "/" + name;
  const std::string draft = path + ".new";
  {
    ASSIGN_OR_RETURN(File file, File::open(draft, O_WRONLY | O_CREAT | O_TRUNC));
    RETURN_IF_ERROR(file.write_at(bytes, 0));
    RETURN_IF_ERROR(file.sync());
  }
  if (::rename(draft.c_str(), path.c_str()) != 0) return system_error("rename", draft, errno);
  return sync_directory(directory);
}

Result<void> sync_directory(const std::string& directory) {
  ASSIGN_OR_RETURN(const File opened, File::open(directory, O_RDONLY | O_DIRECTORY));
  if (::fsync(opened.descriptor()) != 0) return system_error("sync", directory, errno);
  return {};
}

}  // namespace daybook
