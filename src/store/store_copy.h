// A copy of a store for reading, made while another process may be writing it.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"

namespace daybook::store {

// What the store held at one moment between the beginning and the end of make(): its files are linked, which never
// change, and its logs copied. It is a folder within the store's own, which nobody else looks into, and goes with
// this object; what a process left behind when it was killed goes with the next copy.
class StoreCopy {
 public:
  // Errors:
  //   kNotFound     there is no store;
  //   kUnavailable  the folder cannot be written, or the store changed too quickly, all the time.
  static Result<std::unique_ptr<StoreCopy>> make(const std::string& store);
  ~StoreCopy();
  StoreCopy(const StoreCopy&) = delete;
  StoreCopy& operator=(const StoreCopy&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit StoreCopy(std::string path) : path_(std::move(path)) {}
  const std::string path_;
};

}  // namespace daybook::store
