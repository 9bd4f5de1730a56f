#pragma once

#include <vector>

#include "domain/aggregate.hpp"
#include "domain/manifest.hpp"
#include "record/batch.hpp"

// One small plant and its batches, shared by the tests of this folder.
namespace jidian::record::samples {

/// "press-1": voltage (unsigned, 0.1 V), power (signed), energy (counter), state; "flow-1": float32, float64.
domain::Manifest manifest();

Header header(Stream stream, std::uint64_t seq = 1);

/// `polls` polls a meter, every `period`, with small jitter; all good.
Polls polls(std::size_t polls, Millis period = Millis{1000});

/// The same polls as a batch keeps them: meter by meter.
Polls by_meter(Polls polls);

/// One row of "press-1" and one of "flow-1".
Rows rows();

/// The small plant with amounts: "press" takes energy and makes castings, account "grid", two shifts, the site covered.
domain::Manifest site_manifest();

/// A minute of "press", a quarter hour of "grid", a night shift of the site.
std::vector<domain::AggregateRow> aggregates();

/// One event of each shape: bare, with a gap, with facts, with a manifest.
Events events();

/// The small plant and the batches that docs/contract/telemetry.md takes apart byte by byte: one meter with a voltage,
/// a float power and an energy counter; four polls, the third without an answer; its minute; that hole, and a silence.
domain::Manifest example_manifest();
Header example_header(Stream stream);
Polls example_polls();
Rows example_rows();
Events example_events();
Events example_update();

}  // namespace jidian::record::samples
