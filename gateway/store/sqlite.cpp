#include "store/sqlite.hpp"

#include <cerrno>

#include "store/folder.hpp"

namespace jidian::store {
namespace {

/// How long a statement waits for another connection's lock. Ours hold locks for milliseconds.
constexpr int busy_timeout_ms = 2'000;

/// Whether it says more of the process or of the system than of the file's content: no memory, no descriptor, no place
/// for the index of its log, no lock.
bool is_shortage(int code) {
  switch (code) {
    case SQLITE_IOERR_NOMEM:
    case SQLITE_IOERR_SHMOPEN:
    case SQLITE_IOERR_SHMSIZE:
    case SQLITE_IOERR_SHMMAP:
    case SQLITE_IOERR_SHMLOCK:
    case SQLITE_IOERR_LOCK:
    case SQLITE_IOERR_RDLOCK:
    case SQLITE_IOERR_CHECKRESERVEDLOCK:
      return true;
    default:
      return (code & 0xFF) == SQLITE_NOMEM || (code & 0xFF) == SQLITE_CANTOPEN;
  }
}

/// Whether trying again is in vain until somebody gives us the right to it.
bool is_denial(int number) {
  return number == EACCES || number == EPERM || number == EROFS;
}

ErrorKind kind_of(int code) {
  if (is_shortage(code)) return ErrorKind::unreachable;
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

bool was_refused(sqlite3* raw) {
  const auto is_refusal = [](int number) { return number == EIO || number == ENXIO; };
  int number = 0;
  sqlite3_file_control(raw, "main", SQLITE_FCNTL_LAST_ERRNO, &number);
  if (is_refusal(number)) return true;
  sqlite3_file* log = nullptr;
  sqlite3_file_control(raw, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
  if (log == nullptr || log->pMethods == nullptr) return false;
  log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &number);
  return is_refusal(number);
}

Error last_error(sqlite3* raw) {
  const int code = sqlite3_extended_errcode(raw);
  // SQLite calls it damage as well where the system answered EIO: that may be read the next time.
  if (code == SQLITE_CORRUPT && was_refused(raw)) return Error{ErrorKind::io, "SQLite was refused a read by the disk"};
  const bool is_denied = (code & 0xFF) == SQLITE_CANTOPEN && is_denial(sqlite3_system_errno(raw));
  return Error{is_denied ? ErrorKind::denied : kind_of(code),
               std::string("SQLite ") + std::to_string(code) + ": " + sqlite3_errmsg(raw)};
}

Result<bool> Statement::next() {
  const int code = sqlite3_step(raw_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) {
    reset();
    return false;
  }
  const Error error = last_error(sqlite3_db_handle(raw_.get()));
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
  if (raw == nullptr) return Error{ErrorKind::unreachable, "SQLite has no memory for a connection"};
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
