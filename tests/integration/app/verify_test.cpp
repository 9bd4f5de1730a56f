// What `verify` and `export` make of wrecks: every file is looked at, and what the files know of one another is said.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/verbs.hpp"
#include "record/manifest.hpp"
#include "store/store.hpp"
#include "tests/unit/record/samples.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::app {
namespace {

namespace fs = std::filesystem;
using record::Stream;

const UtcTime first_start{std::chrono::sys_days{std::chrono::year{2026} / 3 / 1} + std::chrono::hours{9}};

/// A store on disk, copies of it, and what the verbs say of them.
class Wrecks : public testing::Test {
 protected:
  Wrecks() {
    store::Options options;
    options.folder = store_;
    options.quota_bytes = 64 << 20;
    options.destinations = {{"province", {Stream::event, Stream::interval, Stream::reading}}};
    open_ = store::open_store(options, first_start).value();
    const auto encoded = record::encode(record::samples::manifest());
    open_->add_manifest(encoded.hash, encoded.bytes);
  }

  /// Commits batches of readings that follow one another.
  void record_batches(int batches, UtcTime now = first_start) {
    const auto manifest = record::samples::manifest();
    for (int i = 0; i < batches; ++i) {
      const auto head = open_->head(Stream::reading);
      auto header = record::samples::header(Stream::reading, head.next_seq);
      header.key.epoch = open_->opening().epoch;
      header.previous = head.hash;
      const store::NewBatch batch{header.key, record::encode(header, record::samples::polls(3), manifest).value()};
      ASSERT_TRUE(open_->commit({&batch, 1}, now));
    }
  }

  /// A store of some epochs with two batches each, stopped.
  void make_epochs(int epochs) {
    record_batches(2);
    for (int i = 1; i < epochs; ++i) {
      ASSERT_TRUE(open_->begin_epoch("the test wants another", first_start));
      record_batches(2);
    }
    stop();
  }

  void stop() {
    EXPECT_TRUE(open_->close(first_start));
    open_.reset();
  }

  /// Files of epochs, oldest first.
  static std::vector<fs::path> files_in(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder))
      if (entry.path().extension() == ".db") files.push_back(entry.path());
    std::ranges::sort(files);
    return files;
  }

  static fs::path log_in(const fs::path& folder) { return files_in(folder).back().string() + "-wal"; }

  /// The folder as a cut of the power leaves it; the store goes on.
  fs::path snapshot(const std::string& name) {
    const fs::path folder = folder_ / name;
    fs::create_directory(folder);
    for (const auto& entry : fs::directory_iterator(store_))
      if (const auto file = entry.path().filename(); file != "reserve" && !file.string().ends_with("-shm"))
        fs::copy_file(entry.path(), folder / file);
    return folder;
  }

  static void spoil(const fs::path& file) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << std::string(8192, 'x');
  }

  nlohmann::json verify_json(const fs::path& folder) {
    Common common;
    common.json = true;
    testing::internal::CaptureStdout();
    exit_ = verify(common, folder);
    return nlohmann::json::parse(testing::internal::GetCapturedStdout(), nullptr, false);
  }

  static bool has(const nlohmann::json& sentences, const std::string& part) {
    return std::ranges::any_of(sentences, [&](const nlohmann::json& sentence) {
      return sentence.get<std::string>().find(part) != std::string::npos;
    });
  }

  TemporaryFolder folder_{memory_or_disk()};
  fs::path store_ = folder_ / "store";
  std::unique_ptr<store::Store> open_;
  Exit exit_ = Exit::usage;
};

TEST_F(Wrecks, AWholeStoreHasNoFindingInAnyFile) {
  make_epochs(2);
  const auto told = verify_json(store_);
  EXPECT_EQ(exit_, Exit::ok) << told;
  ASSERT_EQ(told["files"].size(), 2U);
  for (const auto& file : told["files"]) EXPECT_TRUE(file["readable"].get<bool>() && file["findings"].empty()) << file;
  EXPECT_TRUE(has(told["files"][1]["notes"], "begun for this reason: the test wants another")) << told;
  EXPECT_TRUE(told["files"][0]["notes"].empty()) << told;
}

TEST_F(Wrecks, FilesBehindOneThatCannotBeOpenedAreLookedAt) {
  make_epochs(3);
  const auto files = files_in(store_);
  ASSERT_EQ(files.size(), 3U);
  spoil(files[0]);
  const auto told = verify_json(store_);
  EXPECT_EQ(exit_, Exit::findings);
  ASSERT_EQ(told["files"].size(), 3U) << told;
  EXPECT_FALSE(told["files"][0]["readable"].get<bool>());
  EXPECT_TRUE(has(told["files"][0]["findings"], "file " + files[0].filename().string() + ": opening it failed"))
      << told;
  EXPECT_EQ(told["findings_count"], 1) << told;
  ASSERT_EQ(told["chains"].size(), 2U) << told;
  for (const auto& chain : told["chains"]) EXPECT_EQ(chain["batches"], 2);
}

TEST_F(Wrecks, WhatIsSaidToPeopleNamesTheFileAndEndsWithWhatToDo) {
  make_epochs(2);
  spoil(files_in(store_)[1]);
  testing::internal::CaptureStdout();
  EXPECT_EQ(verify({}, store_), Exit::findings);
  const auto said = testing::internal::GetCapturedStdout();
  EXPECT_NE(said.find("cannot be read\n"), std::string::npos) << said;
  EXPECT_NE(said.find("FINDING  file " + files_in(store_)[1].filename().string()), std::string::npos) << said;
  EXPECT_NE(said.find("Keep the files as they are"), std::string::npos) << said;
}

TEST_F(Wrecks, ALogThatWasCutOffBetweenTransactionsIsMissedByTheNoteOfProgress) {
  record_batches(3);
  const auto whole_bytes = fs::file_size(log_in(store_));
  record_batches(2, first_start + std::chrono::minutes{2});  // progress is noted with the first of them
  const auto wreck = snapshot("wreck");
  ASSERT_GT(fs::file_size(log_in(wreck)), whole_bytes);
  fs::resize_file(log_in(wreck), whole_bytes);
  const auto told = verify_json(wreck);
  EXPECT_EQ(exit_, Exit::findings);
  ASSERT_EQ(told["files"].size(), 1U) << told;
  EXPECT_TRUE(has(told["findings"], "log reading ends at 3, but the file 'progress' says it had reached 4")) << told;
  EXPECT_TRUE(told["files"][0]["notes"].empty()) << told;
}

TEST_F(Wrecks, AnUnfinishedTransactionIsANoteAndNoFinding) {
  record_batches(3);
  const auto whole_bytes = fs::file_size(log_in(store_));
  const auto wreck = snapshot("wreck");
  record_batches(1);
  fs::copy_file(log_in(store_), log_in(wreck), fs::copy_options::overwrite_existing);
  fs::resize_file(log_in(wreck), whole_bytes + 100);
  const auto told = verify_json(wreck);
  EXPECT_EQ(exit_, Exit::ok) << told;
  EXPECT_TRUE(has(told["files"][0]["notes"], "unfinished end: it ends within frame")) << told;
  ASSERT_EQ(told["chains"].size(), 1U);
  EXPECT_EQ(told["chains"][0]["batches"], 3);
}

TEST_F(Wrecks, ADamagedFrameInFrontOfLaterTransactionsIsAFinding) {
  record_batches(1);
  const auto first_bytes = fs::file_size(log_in(store_));
  record_batches(4);
  const auto wreck = snapshot("wreck");
  fs::remove(wreck / "progress");
  {
    std::fstream log(log_in(wreck), std::ios::in | std::ios::out | std::ios::binary);
    log.seekp(static_cast<std::streamoff>(first_bytes + 24 + 2000));  // within a page of the next transaction
    log.put('\x5A').put('\xA5').put('\x5A').put('\xA5');
  }
  const auto told = verify_json(wreck);
  EXPECT_EQ(exit_, Exit::findings);
  EXPECT_TRUE(has(told["findings"], "later transactions stand behind it")) << told;
}

TEST_F(Wrecks, AnEndThatADestinationHasConfirmedIsMissedInAnOldFile) {
  record_batches(3);
  open_->acknowledge("province", open_->opening().epoch, Stream::reading, {1, 3});
  ASSERT_TRUE(open_->begin_epoch("the test wants another", first_start));
  record_batches(1);
  stop();
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(files_in(store_)[0].c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, "DELETE FROM reading WHERE seq>1", nullptr, nullptr, nullptr), SQLITE_OK);
  EXPECT_EQ(sqlite3_close(database), SQLITE_OK);
  const auto told = verify_json(store_);
  EXPECT_EQ(exit_, Exit::findings);
  EXPECT_TRUE(
      has(told["files"][0]["findings"], "log reading ends at 1, but destination 'province' has confirmed up to 3"))
      << told;
  EXPECT_TRUE(told["files"][1]["findings"].empty()) << told;
}

TEST_F(Wrecks, TheNewestFileIsMissedWhenItIsGone) {
  make_epochs(2);
  const auto gone = files_in(store_).back();
  fs::remove(gone);
  fs::remove(gone.string() + "-wal");
  const auto told = verify_json(store_);
  EXPECT_EQ(exit_, Exit::findings);
  EXPECT_TRUE(has(told["findings"], "the file " + gone.filename().string() + " is missing")) << told;
}

TEST_F(Wrecks, APlaceThatCannotBeLookedAtIsToldWithItsReason) {
  const auto loop = folder_ / "loop";
  fs::create_symlink("loop", loop);
  for (const auto& place : {loop, folder_ / std::string(300, 'x')}) {
    const auto told = verify_json(place);
    EXPECT_EQ(exit_, Exit::device) << place;
    ASSERT_TRUE(told.contains("error")) << told;
    EXPECT_EQ(told["error"]["message"].get<std::string>().find("cannot read " + place.string() + ": "), 0U) << told;
  }
}

TEST_F(Wrecks, AnEvidenceFileOnADiskThatFailsIsNotToldWhole) {
  const auto told = verify_json("/proc/self/mem");  // opens like a file, and fails at the first read
  EXPECT_EQ(exit_, Exit::device) << told;
  EXPECT_TRUE(told.contains("error")) << told;
}

TEST_F(Wrecks, OneBadFileDoesNotKeepTheOthersFromBeingExported) {
  make_epochs(3);
  spoil(files_in(store_)[0]);
  ExportOptions options;
  options.store = store_;
  options.format = "evidence";
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  exit_ = export_period({}, options);
  const auto told = testing::internal::GetCapturedStderr();
  const auto lines = testing::internal::GetCapturedStdout();
  EXPECT_EQ(exit_, Exit::findings);
  EXPECT_EQ(std::ranges::count(lines, '\n'), 4) << lines;
  EXPECT_NE(told.find("could not be read in full"), std::string::npos) << told;
  EXPECT_NE(told.find("Next: jidian verify\n"), std::string::npos) << told;
}

}  // namespace
}  // namespace jidian::app
