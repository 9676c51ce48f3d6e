#include "query/path_pattern.h"

namespace daybook::query {

std::vector<std::string_view> placeholders(std::string_view path) {
  std::vector<std::string_view> names;
  for (std::size_t begin = path.find('{'); begin != std::string_view::npos; begin = path.find('{', begin + 1)) {
    names.push_back(path.substr(begin + 1, path.find('}', begin) - begin - 1));
  }
  return names;
}

std::string replace_placeholders(std::string_view path, const std::function<std::string(std::string_view)>& text) {
  std::string replaced;
  for (const std::string_view name : placeholders(path)) {
    const std::size_t brace = path.find('{');
    replaced.append(path.substr(0, brace)).append(text(name));
    path.remove_prefix(brace + name.size() + 2);
  }
  return replaced.append(path);
}

}  // namespace daybook::query
