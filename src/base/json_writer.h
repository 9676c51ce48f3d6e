// JSON text, put together in order.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace daybook {

// Whoever writes sees to it that names and values take turns, and that what was opened is closed.
class JsonWriter {
 public:
  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }
  void key(std::string_view name);  // Of printable characters; as it is.
  void text(std::string_view value);
  void number(std::int64_t value);
  void boolean(bool value);
  void null();
  void raw(std::string_view json);

  void field(std::string_view name, std::string_view value) { key(name), text(value); }
  void field(std::string_view name, std::int64_t value) { key(name), number(value); }
  // Of anything that writes itself.
  template <typename T>
    requires requires(const T& value, JsonWriter& json) { value.write_json(json); }
  void field(std::string_view name, const T& value) {
    key(name), value.write_json(*this);
  }

  // Of what is written.
  std::size_t size() const { return out_.size(); }
  std::string take() { return std::move(out_); }

 private:
  void open(char bracket);
  void close(char bracket);
  void separate();

  std::string out_;
  bool first_ = true;  // Of the list or object that is open.
};

}  // namespace daybook
