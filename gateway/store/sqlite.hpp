#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace jidian::store {

/// A prepared statement. Must not outlive its connection's last use; one thread at a time.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* raw) : raw_(raw) {}

  /// Starts anew with the values of ?1, ?2, … Bytes and text must live until the statement ends or is reset.
  template <typename... Values>
  Statement& bind(const Values&... values) {
    reset();
    int index = 0;
    (bind_one(++index, values), ...);
    return *this;
  }

  /// Goes to the next row; false at the end. After the end and after an error the statement is reset. Errors: those of
  /// `Db`.
  Result<bool> next();

  /// Runs a statement that gives no rows.
  Status run();

  /// Ends the statement early, and with it its read transaction.
  void reset() { sqlite3_reset(raw_.get()); }

  std::int64_t integer(int column) const { return sqlite3_column_int64(raw_.get(), column); }
  ByteView blob(int column) const;          ///< Lives until the next row.
  std::string_view text(int column) const;  ///< Lives until the next row.

 private:
  template <typename Value>
  void bind_one(int index, const Value& value) {
    if constexpr (std::is_integral_v<Value>)
      sqlite3_bind_int64(raw_.get(), index, static_cast<sqlite3_int64>(value));
    else if constexpr (std::is_convertible_v<Value, std::string_view>)
      bind_text(index, value);
    else
      bind_blob(index, value);
  }
  void bind_text(int index, std::string_view text);
  void bind_blob(int index, ByteView bytes);

  struct Finalize {
    void operator()(sqlite3_stmt* raw) const { sqlite3_finalize(raw); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> raw_;
};

/// Resets a statement when the scope ends, so that no cursor stays open.
class Cursor {
 public:
  explicit Cursor(Statement& statement) : statement_(statement) {}
  ~Cursor() { statement_.reset(); }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

 private:
  Statement& statement_;
};

/// One connection to one file. Errors keep SQLite's own words; their kinds are full, corrupt (damage, or not our
/// tables), conflict (locked by somebody else), denied (the file, or one beside it, may not be opened), unreachable
/// (the process lacks memory or descriptors, or the system locks or room for the index of a log) and io. What is denied
/// and unreachable tells nothing of what stands in the file.
class Db {
 public:
  enum class Access : std::uint8_t {
    create,     ///< Read and write, made if it is not there.
    write,      ///< Read and write.
    read,       ///< Read beside a writer. Needs a writable folder or an open writer.
    immutable,  ///< Read what nobody writes, without locks and without a look at the write-ahead log.
  };

  static Result<Db> open(const std::filesystem::path& path, Access access);

  Status run(const std::string& sql);
  Result<Statement> prepare(std::string_view sql);

  /// The first column of the first row; not_found if there is none.
  Result<std::int64_t> number(std::string_view sql);

  sqlite3* raw() { return raw_.get(); }

 private:
  explicit Db(sqlite3* raw) : raw_(raw) {}
  struct Close {
    void operator()(sqlite3* raw) const { sqlite3_close_v2(raw); }
  };
  std::unique_ptr<sqlite3, Close> raw_;
};

/// Whether the disk refused the connection a read, at any time since it was opened. From then on real damage is taken
/// for a refusal, too, and has to prove itself by lasting.
bool was_refused(sqlite3* raw);

/// The newest failure of a connection as an Error.
Error last_error(sqlite3* raw);

}  // namespace jidian::store
