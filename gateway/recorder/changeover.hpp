#pragma once

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

}  // namespace jidian::recorder
