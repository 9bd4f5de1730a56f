#pragma once

#include <optional>
#include <vector>

#include "base/time.hpp"
#include "domain/event.hpp"
#include "domain/manifest.hpp"
#include "recorder/holes.hpp"

namespace jidian::recorder {

/// How the run before this one ended.
struct Ending {
  domain::GapCause cause = domain::GapCause::crash;
  UtcTime alive;  ///< The last sign of life: its last commit.
};

/// Declares what an earlier run did not record: one gap of the whole box until `now`, and one of each meter whose
/// record ended before the box's. Slots before `now` are accounted for afterwards. Expects that `holes` has seen the
/// end of the record.
///
/// What was due before the last commit less `commit_interval` would have been committed: such a meter was silent.
std::vector<domain::Event> declare_restart(const domain::Manifest& manifest, Holes& holes, const Ending& ending,
                                           Millis commit_interval, UtcTime now);

}  // namespace jidian::recorder
