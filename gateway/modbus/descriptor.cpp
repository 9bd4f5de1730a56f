#include "modbus/descriptor.hpp"

#include <sys/select.h>
#include <unistd.h>

#include <string>
#include <system_error>

namespace jidian::modbus {

void Descriptor::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Status fits_select(int fd) {
  if (fd < FD_SETSIZE) return {};
  return Error{ErrorKind::full, "more than " + std::to_string(FD_SETSIZE) + " files are open"};
}

std::string text_of_errno(int number) {
  return std::generic_category().message(number);
}

}  // namespace jidian::modbus
