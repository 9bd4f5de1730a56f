#pragma once

#include <fstream>
#include <iterator>

#include "tests/unit/store/fixture.hpp"

namespace jidian::store {

/// A store in a folder of its own, and ways to spoil what it wrote.
class Losses : public testing::Test {
 protected:
  Losses() {
    options_.folder = folder_.path() / "store";
    options_.quota_bytes = 64 << 20;
    options_.destinations = {{"province", {record::Stream::event, record::Stream::interval, record::Stream::reading}}};
  }

  /// A store with one epoch of some batches, stopped. Gives the epoch.
  std::uint64_t stopped_store(std::uint64_t batches, std::size_t size) {
    const auto store = open_or_fail(options_);
    EXPECT_TRUE(record_together(*store, record::Stream::reading, batches, noon, size));
    EXPECT_TRUE(store->close(noon));
    return store->opening().epoch;
  }
  std::filesystem::path newest_file() const { return epoch_files(options_.folder).back(); }

  /// Spoils the page that a batch stands on. Pages that were split keep traces of what they held.
  void spoil_page_of(std::uint64_t epoch, std::uint64_t seq, std::size_t size) {
    spoil_page_of(newest_file(), epoch, seq, size);
  }
  static void spoil_page_of(const std::filesystem::path& file, std::uint64_t epoch, std::uint64_t seq,
                            std::size_t size) {
    constexpr char leaf_of_table = 0x0D;
    const Bytes content = content_of({epoch, record::Stream::reading, seq}, std::min<std::size_t>(size, 300));
    std::ifstream stream(file, std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
    for (std::size_t at = 4096; at + 4096 <= text.size(); at += 4096)
      if (text[at] == leaf_of_table &&
          text.substr(at, 4096).find(std::string(content.begin(), content.end())) != std::string::npos)
        return flip_byte(file, at);
    ADD_FAILURE() << "no page has batch " << seq;
  }

  TempFolder folder_;
  Options options_;
};

}  // namespace jidian::store
