// How long an epoch's file is, and may become.
#include "store/epoch_file.hpp"
#include "store/layout.hpp"

namespace jidian::store {

Result<EpochFile::Pages> EpochFile::pages() {
  Pages pages;
  for (auto [statement, count] : {std::pair(&page_count_, &pages.total), std::pair(&free_count_, &pages.free)}) {
    const Cursor cursor(*statement);
    const auto row = statement->next();
    if (!row) return row.error();
    if (*row) *count = static_cast<std::uint64_t>(statement->integer(0));
  }
  return pages;
}

Status EpochFile::limit_pages(std::uint64_t pages_max) {
  return db_.run("PRAGMA max_page_count=" + std::to_string(pages_max));
}

/// SQLite heeds the hint only where it is told a step in which files grow.
Status EpochFile::set_aside(std::uint64_t pages) {
  int step = static_cast<int>(page_bytes);
  auto bytes = static_cast<sqlite3_int64>(pages) * static_cast<sqlite3_int64>(page_bytes);
  sqlite3_file_control(db_.raw(), "main", SQLITE_FCNTL_CHUNK_SIZE, &step);
  const int code = sqlite3_file_control(db_.raw(), "main", SQLITE_FCNTL_SIZE_HINT, &bytes);
  step = 0;
  sqlite3_file_control(db_.raw(), "main", SQLITE_FCNTL_CHUNK_SIZE, &step);
  if (code == SQLITE_OK) return {};
  return Error{ErrorKind::full, name_.file() + " cannot be " + std::to_string(pages) + " pages long"};
}

/// A checkpoint cuts off what no page of the database is in: so a row takes the pages, and gives them back once they
/// are in the file. In one transaction the log would have none of them, and SQLite takes a file that is so much shorter
/// than it should be for damaged.
Status EpochFile::lengthen(std::uint64_t pages) {
  constexpr std::uint64_t pages_beside = 8;  // the row may split the page it stands on
  constexpr std::uint64_t payload = page_bytes - 4;
  const auto before = this->pages();
  if (!before) return before.error();
  if (auto done = set_aside(before->total + pages + pages_beside); !done) return done;
  auto statement = db_.prepare("INSERT OR REPLACE INTO meta(key, value) VALUES('growth', zeroblob(?1))");
  if (!statement) return statement.error();
  const std::uint64_t bytes = (before->free + pages) * payload;
  if (auto done = statement->bind(bytes).run(); !done) return done;
  const auto moved = restart_log();
  const auto given = give_back_growth();
  return moved ? given : moved;
}

Status EpochFile::give_back_growth() {
  return db_.run("DELETE FROM meta WHERE key='growth'");
}

}  // namespace jidian::store
