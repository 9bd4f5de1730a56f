// What can go wrong before the plant runs. Once it runs, nothing throws.
#pragma once

#include <stdexcept>

namespace jidian::plant {

/// The scenario asks for something that does not exist; `what()` is a sentence for the author of the scenario.
struct ScenarioError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The operating system refused a port, a pty or a file; `what()` names it and says why.
struct SystemError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace jidian::plant
