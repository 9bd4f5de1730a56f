#include "boot/partition.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <thread>
#include <vector>

#include "tests/unit/temporary_folder.hpp"

namespace jidian::boot {
namespace {

constexpr std::size_t partition_bytes = 64UL * 1024;
using Bytes = std::vector<char>;

class BootPartition : public testing::Test {
 protected:
  BootPartition() { write(Bytes(partition_bytes, 0)); }

  void write(const Bytes& bytes) const {
    std::ofstream(path_, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  Bytes bytes() const {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  Copy copy(std::size_t index) const {
    const Bytes all = bytes();
    Copy found{};
    std::copy_n(all.begin() + copy_offsets.at(index), copy_bytes, found.begin());
    return found;
  }
  State state() const {
    const auto ruling = read_state(path_);
    EXPECT_TRUE(ruling);
    return ruling->state;
  }
  void take_a_try() const {
    ASSERT_TRUE(change_state(path_, [](State& it) { it.of(Slot::a).left = (it.of(Slot::a).left + 3) % 4; }));
  }

  TemporaryFolder folder_{memory_or_disk()};
  std::filesystem::path path_ = folder_.path() / "state";
};

TEST_F(BootPartition, AChangeIsReadBackAndOutlivesTheNext) {
  ASSERT_TRUE(change_state(path_, [](State& it) { set_good(it, Slot::b, true); }));
  ASSERT_TRUE(change_state(path_, [](State& it) { set_primary(it, Slot::b); }));
  EXPECT_EQ(state().generation, 2U);
  EXPECT_EQ(state().of(Slot::b), (SlotState{tries_when_good, true}));
  EXPECT_EQ(state().first, Slot::b);
}

TEST_F(BootPartition, WithoutAChangeNothingIsWritten) {
  take_a_try();
  const Bytes before = bytes();
  ASSERT_TRUE(change_state(path_, [](State&) {}));
  EXPECT_EQ(bytes(), before);
}

TEST_F(BootPartition, TheRulingCopyIsNeverWritten) {
  take_a_try();
  for (int round = 0; round < 10; ++round) {
    const auto ruling = read_state(path_);
    ASSERT_TRUE(ruling && ruling->found);
    const auto offset = copy_offsets.at(1 - ruling->spare);
    const Bytes before = bytes();
    take_a_try();
    const Bytes after = bytes();
    EXPECT_TRUE(std::equal(before.begin() + offset, before.begin() + offset + copy_bytes, after.begin() + offset));
    EXPECT_EQ(state().generation, ruling->state.generation + 1);
  }
}

enum class Torn : std::uint8_t { end_is_missing, beginning_is_missing, end_is_erased };

/// What is on the flash if the write that led from `before` to `after` was cut off after `cut` bytes.
Copy torn_write(const Copy& before, const Copy& after, std::ptrdiff_t cut, Torn kind) {
  const bool beginning_is_missing = kind == Torn::beginning_is_missing;
  Copy torn = beginning_is_missing ? after : before;
  const Copy& beginning = beginning_is_missing ? before : after;
  std::copy(beginning.begin(), beginning.begin() + cut, torn.begin());
  if (kind == Torn::end_is_erased) std::fill(torn.begin() + cut, torn.end(), std::uint8_t{0xff});
  return torn;
}

TEST_F(BootPartition, AfterAWriteTornAtAnyByteTheOldOrTheNewStateRules) {
  for (const std::size_t spare : {1UL, 0UL}) {
    take_a_try();
    const auto old_ruling = read_state(path_);
    ASSERT_TRUE(old_ruling);
    const Copy before = copy(spare);
    const auto kept = decode(copy(1 - spare));
    ASSERT_EQ(old_ruling->spare, spare);
    take_a_try();
    const Copy after = copy(spare);
    const State new_state = state();
    ASSERT_NE(old_ruling->state, new_state);
    for (const Torn kind : {Torn::end_is_missing, Torn::beginning_is_missing, Torn::end_is_erased})
      for (std::ptrdiff_t cut = 0; cut <= static_cast<std::ptrdiff_t>(copy_bytes); ++cut) {
        const auto torn = decode(torn_write(before, after, cut, kind));
        const State found = (spare == 1 ? weigh(kept, torn) : weigh(torn, kept)).state;
        ASSERT_TRUE(found == old_ruling->state || found == new_state) << "copy " << spare << " torn at " << cut;
      }
    take_a_try();
  }
}

TEST_F(BootPartition, TheWriteAfterATornOneComesThrough) {
  take_a_try();
  for (const std::ptrdiff_t cut : {0, 1, 4, 512, 4095, 4096}) {
    take_a_try();
    const auto ruling = read_state(path_);
    ASSERT_TRUE(ruling);
    const Copy before = copy(ruling->spare);
    take_a_try();
    const Copy torn = torn_write(before, copy(ruling->spare), cut, Torn::end_is_erased);
    Bytes all = bytes();
    std::copy(torn.begin(), torn.end(), all.begin() + copy_offsets.at(ruling->spare));
    write(all);
    const auto generation = state().generation;
    take_a_try();
    EXPECT_EQ(state().generation, generation + 1) << cut;
  }
}

TEST_F(BootPartition, TwoBrokenCopiesAreReplacedByTheNextWrite) {
  write(Bytes(partition_bytes, '\xff'));
  EXPECT_EQ(state(), State{});
  ASSERT_TRUE(change_state(path_, [](State& it) { set_good(it, Slot::a, true); }));
  const auto ruling = read_state(path_);
  ASSERT_TRUE(ruling);
  EXPECT_TRUE(ruling->found);
  EXPECT_TRUE(ruling->state.of(Slot::a).ok);
}

TEST_F(BootPartition, APartitionThatIsNotThereIsSaid) {
  const auto read = read_state(folder_.path() / "none");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind(), ErrorKind::unreachable);
  EXPECT_FALSE(change_state(folder_.path() / "none", [](State&) {}));
}

TEST_F(BootPartition, CopiesThatCannotBeReadAreNotTakenForBrokenOnes) {
  const auto read = read_state(folder_.path());  // a folder can be opened
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind(), ErrorKind::io);
}

TEST_F(BootPartition, APartitionThatIsTooShortCannotBeWrittenAndSaysSo) {
  const auto full = change_state("/dev/full", [](State& it) { set_good(it, Slot::a, true); });
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().kind(), ErrorKind::io);
}

TEST_F(BootPartition, WritersAtOnceLoseNothing) {
  take_a_try();
  const auto before = state().generation;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer)
    writers.emplace_back([this] {
      for (int round = 0; round < 25; ++round) take_a_try();
    });
  for (auto& writer : writers) writer.join();
  EXPECT_EQ(state().generation, before + 100);
}

}  // namespace
}  // namespace jidian::boot
