#include "tests/fault/store/cut_disk.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

namespace jidian::fault {
namespace fs = std::filesystem;
namespace {

using Kind = FileCall::Kind;

constexpr std::uint64_t sector_bytes = 512;

bool one_in(std::mt19937_64& chance, std::uint64_t ways) {
  return chance() % ways == 0;
}

/// Does to a file what a call did, in bytes [first, last) of the call.
void apply_part(const FileCall& call, std::uint64_t first, std::uint64_t last, Bytes& bytes) {
  const std::uint64_t end = call.offset + last;
  if (call.kind == Kind::write && bytes.size() < end) bytes.resize(end);
  const std::uint64_t within = std::min<std::uint64_t>(end, bytes.size());
  for (std::uint64_t at = call.offset + first; at < within; ++at)
    bytes[at] = call.kind == Kind::write ? call.bytes[at - call.offset] : std::uint8_t{0};
}

std::uint64_t length_of(const FileCall& call) {
  return call.kind == Kind::write ? call.bytes.size() : call.length;
}

void apply(const FileCall& call, Bytes& bytes) {
  if (call.kind == Kind::resize)
    bytes.resize(call.offset);
  else
    apply_part(call, 0, length_of(call), bytes);
}

/// Sectors reach the disk each by itself.
void apply_some(const FileCall& call, std::mt19937_64& chance, Bytes& bytes) {
  const std::uint64_t way = chance() % 3;  // none, all, or some sectors
  if (way == 0) return;
  if (way == 1 || call.kind == Kind::resize) return apply(call, bytes);
  const std::uint64_t length = length_of(call);
  for (std::uint64_t at = 0; at < length;) {
    const std::uint64_t next = std::min(length, at + sector_bytes - (call.offset + at) % sector_bytes);
    if (one_in(chance, 2)) apply_part(call, at, next, bytes);
    at = next;
  }
}

void apply_to_entries(const FileCall& call, std::map<std::string, std::uint64_t>& entries) {
  if (call.kind == Kind::make) {
    entries[call.name] = call.file;
    return;
  }
  const auto found = entries.find(call.name);
  if (found == entries.end() || found->second != call.file) return;
  entries.erase(found);
  if (call.kind == Kind::rename) entries[call.name_new] = call.file;
}

}  // namespace

CutDisk::CutDisk(const fs::path& folder, const std::map<std::string, std::uint64_t>& files) : durable_entries_(files) {
  for (const auto& [name, file] : files) {
    std::ifstream stream(folder / name, std::ios::binary);
    files_[file].durable.assign(std::istreambuf_iterator<char>(stream), {});
  }
}

void CutDisk::carry_out(const FileCall& call) {
  switch (call.kind) {
    case Kind::make:
    case Kind::rename:
    case Kind::remove:
      entries_since_sync_.push_back(call);
      return;
    case Kind::sync_folder:
      for (const FileCall& entry : entries_since_sync_) apply_to_entries(entry, durable_entries_);
      entries_since_sync_.clear();
      return;
    case Kind::sync: {
      File& file = files_[call.file];
      for (const FileCall& change : file.since_sync) apply(change, file.durable);
      file.since_sync.clear();
      return;
    }
    case Kind::write:
    case Kind::resize:
    case Kind::punch:
      files_[call.file].since_sync.push_back(call);
      return;
  }
}

CutDisk::Entries CutDisk::entries_left(std::mt19937_64& chance) const {
  Entries entries = durable_entries_;
  const std::uint64_t way = chance() % 4;
  std::size_t reached = entries_since_sync_.size();
  if (way == 0) reached = 0;
  if (way == 1) reached = chance() % (entries_since_sync_.size() + 1);
  for (std::size_t i = 0; i < reached; ++i)
    if (way != 2 || one_in(chance, 2)) apply_to_entries(entries_since_sync_[i], entries);
  return entries;
}

void CutDisk::leave(std::mt19937_64& chance, const fs::path& into) const {
  fs::create_directories(into);
  for (const auto& [name, number] : entries_left(chance)) {
    const auto found = files_.find(number);
    Bytes bytes = found == files_.end() ? Bytes() : found->second.durable;
    const std::uint64_t way = chance() % 4;  // none, all, or each by itself
    if (found != files_.end() && way != 0)
      for (const FileCall& change : found->second.since_sync) {
        if (way == 1)
          apply(change, bytes);
        else
          apply_some(change, chance, bytes);
      }
    std::ofstream stream(into / name, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
}

}  // namespace jidian::fault
