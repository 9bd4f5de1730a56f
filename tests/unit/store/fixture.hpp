#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "store/store.hpp"
#include "tests/unit/temporary_folder.hpp"

namespace jidian::store {

/// A folder of the test's own that waits for no disk, gone with it.
struct TempFolder : TemporaryFolder {
  TempFolder() : TemporaryFolder(memory_or_disk()) {}
};

constexpr UtcTime noon{std::chrono::hours(24 * 20'000 + 12)};

constexpr UtcTime after(std::chrono::seconds passed) {
  return noon + passed;
}

/// Bytes that tell seq and stream apart and that nothing compresses.
inline Bytes content_of(const record::BatchKey& key, std::size_t size) {
  Bytes bytes(size);
  std::uint64_t state = key.epoch ^ (key.seq * 0x9E3779B97F4A7C15U) ^ static_cast<std::uint64_t>(key.stream);
  for (std::uint8_t& byte : bytes) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = static_cast<std::uint8_t>(state >> 56);
  }
  return bytes;
}

/// A batch of `size` bytes whose content lasts from ten seconds before `end` to `end`.
inline NewBatch batch_of(const record::BatchKey& key, UtcTime end, std::size_t size = 500) {
  NewBatch batch{key, {}};
  batch.batch.bytes = content_of(key, size);
  batch.batch.hash = record::sha256(batch.batch.bytes);
  batch.batch.start = end - std::chrono::seconds(10);
  batch.batch.end = end;
  batch.batch.count = 4000;
  return batch;
}

/// Opens, or fails the test.
inline std::unique_ptr<Store> open_or_fail(const Options& options, UtcTime now = noon) {
  auto store = open_store(options, now);
  EXPECT_TRUE(store) << store.error().message();
  return store ? std::move(*store) : nullptr;
}

/// Commits `batches` next batches of a stream, one a commit, ten seconds apart.
inline void record_batches(Store& store, record::Stream stream, std::uint64_t batches, UtcTime first = noon,
                           std::size_t size = 500) {
  for (std::uint64_t i = 0; i < batches; ++i) {
    const UtcTime now = first + i * std::chrono::seconds(10);
    const NewBatch batch = batch_of({store.opening().epoch, stream, store.head(stream).next_seq}, now, size);
    const auto done = store.commit({&batch, 1}, now);
    ASSERT_TRUE(done) << done.error().message();
  }
}

/// Commits batches of a stream in one transaction.
inline Status record_together(Store& store, record::Stream stream, std::uint64_t batches, UtcTime now,
                              std::size_t size = 500) {
  std::vector<NewBatch> all;
  for (std::uint64_t i = 0; i < batches; ++i)
    all.push_back(batch_of({store.opening().epoch, stream, store.head(stream).next_seq + i}, now, size));
  return store.commit(all, now);
}

inline std::vector<StoredBatch> read_all(Reader& reader, std::uint64_t epoch, record::Stream stream) {
  auto rows = reader.read(epoch, stream, {1, 1'000'000}, 1'000'000, 1'000'000'000);
  EXPECT_TRUE(rows) << rows.error().message();
  return rows ? std::move(*rows) : std::vector<StoredBatch>{};
}

inline std::vector<std::uint64_t> seqs_of(const std::vector<StoredBatch>& rows) {
  std::vector<std::uint64_t> seqs;
  for (const StoredBatch& row : rows) seqs.push_back(row.key.seq);
  return seqs;
}

inline std::vector<std::uint64_t> seqs_between(std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> seqs;
  for (std::uint64_t seq = first; seq <= last; ++seq) seqs.push_back(seq);
  return seqs;
}

/// Files of epochs, oldest first.
inline std::vector<std::filesystem::path> epoch_files(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".db") files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

/// Overwrites one byte of a file.
inline void flip_byte(const std::filesystem::path& file, std::uint64_t offset) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(offset));
  const int byte = stream.get();
  stream.seekp(static_cast<std::streamoff>(offset));
  stream.put(static_cast<char>(byte ^ 0x40));
}

/// Where `bytes` stand in a file; the test fails if they do not.
inline std::uint64_t offset_of(const std::filesystem::path& file, const Bytes& bytes) {
  std::ifstream stream(file, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  const std::size_t at = text.find(std::string(bytes.begin(), bytes.end()));
  EXPECT_NE(at, std::string::npos);
  return at;
}

}  // namespace jidian::store
