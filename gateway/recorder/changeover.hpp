#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "recorder/core.hpp"
#include "store/store.hpp"

namespace jidian::recorder {

/// The core that goes on after a change: made of `options`, with what the record of the last hour says and what
/// `before` has not stored yet. `before` has settled, and is good for nothing afterwards but its destruction. Blocks
/// for seconds at most. From the recorder's thread; `alive` is called now and then meanwhile.
std::unique_ptr<Core> change_over(Core& before, const Options& options, Change change, store::Store& store,
                                  const Instant& now, const std::function<void()>& alive);

/// Says that the record has more rows of the day than are read back: so many batches are left out.
void warn_of_rows_left_out(std::uint64_t batches);

}  // namespace jidian::recorder
