#include "store/sqlite.hpp"

#include "store/folder.hpp"

namespace jidian::store {
namespace {

/// How long a statement waits for another connection's lock. Ours hold locks for milliseconds.
constexpr int busy_timeout_ms = 2'000;

ErrorKind kind_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_FULL:
      return ErrorKind::full;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorKind::conflict;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR:  // our statements are fixed: what they do not fit is not our file
    case SQLITE_SCHEMA:
    case SQLITE_FORMAT:
      return ErrorKind::corrupt;
    default:
      return ErrorKind::io;
  }
}

/// Whether it says more of the process than of the file: no memory, no descriptor.
bool is_shortage(int code) {
  return code == SQLITE_IOERR_NOMEM || (code & 0xFF) == SQLITE_NOMEM || (code & 0xFF) == SQLITE_CANTOPEN;
}

/// A path as an SQLite URI.
std::string uri_of(const std::filesystem::path& path, bool immutable) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string uri = "file:";
  for (const char c : path.string()) {
    if (c == '%' || c == '?' || c == '#') {
      const auto byte = static_cast<unsigned char>(c);
      uri += '%';
      uri += digits[byte >> 4];
      uri += digits[byte & 0x0F];
    } else {
      uri += c;
    }
  }
  return immutable ? uri + "?immutable=1" : uri;
}

}  // namespace

Error last_error(sqlite3* raw) {
  const int code = sqlite3_extended_errcode(raw);
  return Error{kind_of(code), std::string("SQLite ") + std::to_string(code) + ": " + sqlite3_errmsg(raw)};
}

Result<bool> Statement::next() {
  const int code = sqlite3_step(raw_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  sqlite3* const db = sqlite3_db_handle(raw_.get());
  Error error = last_error(db);
  if (is_shortage(sqlite3_extended_errcode(db))) error = Error{ErrorKind::unreachable, error.message()};
  reset();
  return error;
}

Status Statement::run() {
  const auto row = next();
  if (!row) return row.error();
  reset();
  return {};
}

ByteView Statement::blob(int column) const {
  const void* bytes = sqlite3_column_blob(raw_.get(), column);
  const int size = sqlite3_column_bytes(raw_.get(), column);
  if (bytes == nullptr) return {};
  return {static_cast<const std::uint8_t*>(bytes), static_cast<std::size_t>(size)};
}

std::string_view Statement::text(int column) const {
  const void* bytes = sqlite3_column_text(raw_.get(), column);
  const int size = sqlite3_column_bytes(raw_.get(), column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

void Statement::bind_text(int index, std::string_view text) {
  // A null pointer would bind NULL, not the empty text.
  sqlite3_bind_text(raw_.get(), index, text.empty() ? "" : text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

void Statement::bind_blob(int index, ByteView bytes) {
  const void* data = bytes.empty() ? static_cast<const void*>("") : bytes.data();
  sqlite3_bind_blob(raw_.get(), index, data, static_cast<int>(bytes.size()), SQLITE_STATIC);
}

Result<Db> Db::open(const std::filesystem::path& path, Access access) {
  int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (access == Access::create)
    flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  else
    flags |= access == Access::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  date_anew(path);
  sqlite3* raw = nullptr;
  const int code = sqlite3_open_v2(uri_of(path, access == Access::immutable).c_str(), &raw, flags, nullptr);
  Db db(raw);
  if (raw == nullptr) return Error{ErrorKind::io, "SQLite has no memory for a connection"};
  if (code != SQLITE_OK) return last_error(raw).during("opening " + path.string());
  sqlite3_busy_timeout(raw, busy_timeout_ms);
  return db;
}

Status Db::run(const std::string& sql) {
  if (sqlite3_exec(raw(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return last_error(raw());
  return {};
}

Result<Statement> Db::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(raw(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr) != SQLITE_OK)
    return last_error(raw());
  return Statement(statement);
}

Result<std::int64_t> Db::number(std::string_view sql) {
  auto statement = prepare(sql);
  if (!statement) return statement.error();
  const auto row = statement->next();
  if (!row) return row.error();
  if (!*row) return Error{ErrorKind::not_found, "no row for " + std::string(sql)};
  return statement->integer(0);
}

}  // namespace jidian::store
