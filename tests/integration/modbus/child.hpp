#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace jidian::test {

/// A program that runs until the end of the test. Its first line of output says that it is ready.
class Child {
 public:
  /// Throws if it has not said its line within 20 s.
  explicit Child(std::vector<std::string> command);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  const std::string& first_line() const { return first_line_; }

 private:
  pid_t pid_ = -1;
  std::string first_line_;
};

}  // namespace jidian::test
