#include "command/text_arguments.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace jidian::command {

std::string TextArguments::line(const char* key, std::size_t bytes_max) {
  const auto found = request_.find(key);
  if (found == request_.end() || found->is_null()) return {};
  const auto complain = [&](const std::string& what) {
    if (!mistake_) mistake_ = Error{ErrorKind::invalid, std::string("\"") + key + "\" " + what};
    return std::string();
  };
  if (!found->is_string()) return complain("is not a text");
  auto text = found->get<std::string>();
  if (text.size() > bytes_max) return complain("is longer than " + std::to_string(bytes_max) + " bytes");
  // Whether char has a sign depends on the machine.
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; };
  if (std::ranges::any_of(text, is_control))
    return complain("is not one line: it holds a line break or a control character");
  text.erase(0, std::min(text.find_first_not_of(' '), text.size()));
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace jidian::command
