#include "recorder/changeover.hpp"

#include <spdlog/spdlog.h>

#include <utility>

#include "recorder/read_back.hpp"

namespace jidian::recorder {

void warn_of_rows_left_out(std::uint64_t batches) {
  spdlog::warn("more rows of the day than are read back, longer rows in progress miss its beginning batches={}",
               batches);
}

std::unique_ptr<Core> change_over(Core& before, const Options& options, Change change, store::Store& store,
                                  const Instant& now, const std::function<void()>& alive) {
  auto core = std::make_unique<Core>(options);
  core->take_over(before);
  core->begin_recall(now.utc);
  for (const auto& [name, text] : store.notes()) core->remember(domain::Note{name, text});
  store::Opening present = store.opening();
  present.last_commit = now.utc;
  const auto waiting = [&](record::Stream stream) { core->remember_waiting(stream); };
  if (const auto reader = store.reader())
    read_back(**reader, present, {options.manifest, core->manifest().hash},
              {.remember =
                   [&](const record::Decoded& batch, const domain::Manifest* made_under) {
                     core->remember(batch, made_under);
                     alive();
                   },
               .after_stream = waiting,
               .rows_left_out = warn_of_rows_left_out,
               .alive = alive});
  else
    spdlog::warn("record not read back, rows in progress of what changed begin anew why=\"{}\"",
                 reader.error().message());
  core->go_on(before, std::move(change), now);
  return core;
}

}  // namespace jidian::recorder
