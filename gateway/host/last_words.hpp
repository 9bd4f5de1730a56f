#pragma once

#include <filesystem>
#include <optional>

namespace jidian::host {

/// Where the run that systemd's watchdog ends leaves word of it: in the service's RUNTIME_DIRECTORY, which is in
/// memory, so that no disk holds it up, and gone after a boot. Nothing where there is no such folder, or no watchdog.
std::optional<std::filesystem::path> last_words_file();

/// From now on a SIGABRT of the service manager leaves word, if by then the watchdog was not fed for its whole
/// interval: an assertion of ours, and an abort by hand, do not. Call once, before the first thread starts.
void leave_last_words();

/// The watchdog is being fed.
void note_fed();

/// Whether an earlier run was ended by the watchdog, and nobody has taken the word of it away.
bool has_last_words();

/// To be called once the gap of it is in the store: until then a run that ends leaves the word to the next one.
void take_last_words_away();

}  // namespace jidian::host
