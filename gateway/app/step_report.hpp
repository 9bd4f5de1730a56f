#pragma once

#include <cstdint>
#include <string>

#include "app/verbs.hpp"

namespace jidian::app {

/// What a check finds, told step by step as it goes: a line for each, or a JSON object.
class StepReport {
 public:
  enum class Step : std::uint8_t {
    files,
    name,
    port,
    tls,
    certificate,
    login,
    publish,
    subscribe,
    gateway,
    receipt,
    clock
  };

  /// `subject`: what is checked, the id in every JSON line.
  StepReport(bool json, std::string subject);

  void head(const std::string& sentence) const;
  void ok(Step step, const std::string& what);
  void skipped(Step step, const std::string& why);
  void warning(Step step, const std::string& what, const std::string& advice);
  /// `exit`: how the verb ends for this if nothing worse comes.
  void failed(Step step, const std::string& what, const std::string& advice, Exit exit);

  /// How it ends so far.
  Exit worst() const { return worst_; }
  /// Says what to do next and gives `worst`.
  Exit finish(const std::string& next) const;

 private:
  void tell(Step step, const char* outcome, const std::string& what, const std::string& advice) const;

  bool json_;
  std::string subject_;
  Exit worst_ = Exit::ok;
};

}  // namespace jidian::app
