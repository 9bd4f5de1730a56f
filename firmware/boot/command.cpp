#include "boot/command.hpp"

#include <algorithm>
#include <span>

#include "boot/partition.hpp"

namespace jidian::boot {

namespace {

constexpr std::string_view usage =
    "write: [--device FILE] show | get-primary | get-current | get-state SLOT | set-primary SLOT | set-state SLOT "
    "good|bad";

Error misused() {
  return {ErrorKind::invalid, std::string(usage)};
}

Result<Slot> named_slot(const std::string& name) {
  const auto slot = slot_of(name);
  if (!slot) return Error{ErrorKind::invalid, "'" + name + "' is no slot; write a or b"};
  return *slot;
}

/// The slot that runs now, as boot.scr told the kernel.
Result<Slot> running_slot(std::string_view kernel_command_line) {
  constexpr std::string_view key = "rauc.slot=";
  while (!kernel_command_line.empty()) {
    const auto end = kernel_command_line.find_first_of(" \n");
    const auto word = kernel_command_line.substr(0, end);
    if (word.starts_with(key)) {
      const auto slot = slot_of(word.substr(key.size()));
      if (slot) return *slot;
    }
    kernel_command_line.remove_prefix(end == std::string_view::npos ? kernel_command_line.size() : end + 1);
  }
  return Error{ErrorKind::not_found, "the kernel was not told which slot it runs from (rauc.slot=a or b)"};
}

Result<std::string> silent(const Status& done) {
  if (!done) return done.error();
  return std::string{};
}

Result<std::string> ask(const std::filesystem::path& device, const std::vector<std::string>& words) {
  const auto ruling = read_state(device);
  if (!ruling) return ruling.error();
  if (words.size() == 1 && words[0] == "show") return describe(*ruling);
  if (words.size() == 1 && words[0] == "get-primary") return std::string(name_of(next_slot(ruling->state))) + "\n";
  if (words.size() == 2 && words[0] == "get-state") {
    const auto slot = named_slot(words[1]);
    if (!slot) return slot.error();
    return std::string(ruling->state.of(*slot).ok ? "good\n" : "bad\n");
  }
  return misused();
}

Result<std::string> set(const std::filesystem::path& device, const std::vector<std::string>& words) {
  if (words.size() < 2) return misused();
  const auto slot = named_slot(words[1]);
  if (!slot) return slot.error();
  if (words.size() == 2 && words[0] == "set-primary")
    return silent(change_state(device, [&](State& state) { set_primary(state, *slot); }));
  if (words.size() == 3 && words[0] == "set-state" && (words[2] == "good" || words[2] == "bad"))
    return silent(change_state(device, [&](State& state) { set_good(state, *slot, words[2] == "good"); }));
  return misused();
}

}  // namespace

Result<std::string> run_command(const std::vector<std::string>& all, std::string_view kernel_command_line) {
  std::vector<std::string> words = all;
  std::filesystem::path device = "/dev/jidian/state";
  if (words.size() >= 2 && words[0] == "--device") {
    device = words[1];
    words.erase(words.begin(), words.begin() + 2);
  }
  if (words.empty()) return misused();

  if (words[0] == "get-current") {
    const auto slot = running_slot(kernel_command_line);
    if (words.size() != 1) return misused();
    if (!slot) return slot.error();
    return std::string(name_of(*slot)) + "\n";
  }
  if (words[0].starts_with("set-")) return set(device, words);
  return ask(device, words);
}

}  // namespace jidian::boot
