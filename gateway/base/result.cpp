#include "base/result.hpp"

namespace jidian {

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::timeout:
      return "timeout";
    case ErrorKind::refused:
      return "refused";
    case ErrorKind::corrupt:
      return "corrupt";
    case ErrorKind::unreachable:
      return "unreachable";
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::full:
      return "full";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::io:
      return "io";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::denied:
      return "denied";
  }
  return "unknown";
}

Error Error::during(std::string_view action) const {
  return {kind_, std::string(action) + ": " + message_};
}

}  // namespace jidian
