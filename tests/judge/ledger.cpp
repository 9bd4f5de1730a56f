#include "ledger.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

namespace jidian::judge {
namespace {

/// A prepared statement with its parameters bound from left to right.
class Statement {
 public:
  Statement(sqlite3* db, const char* sql) : db_(db) {
    if (sqlite3_prepare_v2(db, sql, -1, &statement_, nullptr) != SQLITE_OK) fail();
  }
  ~Statement() { sqlite3_finalize(statement_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& bind(std::int64_t number) { return sqlite3_bind_int64(statement_, ++bound_, number), *this; }
  Statement& bind(const std::string& text) {
    sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
    return *this;
  }
  Statement& bind(const Bytes& bytes) {
    sqlite3_bind_blob(statement_, ++bound_, bytes.data(), static_cast<int>(bytes.size()), SQLITE_TRANSIENT);
    return *this;
  }
  bool step() {
    const int outcome = sqlite3_step(statement_);
    if (outcome != SQLITE_ROW && outcome != SQLITE_DONE) fail();
    return outcome == SQLITE_ROW;
  }
  std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string text(int column) const {
    const auto* text = sqlite3_column_text(statement_, column);
    return text == nullptr ? "" : reinterpret_cast<const char*>(text);
  }
  Bytes bytes(int column) const {
    const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
    return data == nullptr ? Bytes() : Bytes(data, data + sqlite3_column_bytes(statement_, column));
  }

 private:
  [[noreturn]] void fail() const { throw std::runtime_error(std::string("judge's database: ") + sqlite3_errmsg(db_)); }

  sqlite3* db_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

// SQLite has no unsigned 64-bit numbers; the bits are the same.
std::int64_t as_signed(std::uint64_t number) {
  return static_cast<std::int64_t>(number);
}

Statement& bind_key(Statement& statement, const Key& key) {
  return statement.bind(key.gateway).bind(as_signed(key.epoch)).bind(key.stream).bind(as_signed(key.seq));
}

}  // namespace

std::string sha256_hex(const Bytes& bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned int i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[digest[i] >> 4U];
    hex += "0123456789abcdef"[digest[i] & 15U];
  }
  return hex;
}

Ledger::Ledger(const std::string& path) {
  sqlite3* db = nullptr;
  const int opened = sqlite3_open(path.c_str(), &db);
  db_.reset(db);
  if (opened != SQLITE_OK) throw std::runtime_error("cannot open " + path + ": " + sqlite3_errmsg(db));
  for (const char* sql :
       {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL",
        "CREATE TABLE IF NOT EXISTS batch(gateway TEXT, epoch INTEGER, stream INTEGER, seq INTEGER, "
        "sha256 TEXT, bytes BLOB,"
        " received_ms INTEGER, taken INTEGER, PRIMARY KEY(gateway, epoch, stream, seq)) WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS content(gateway TEXT, epoch INTEGER, stream INTEGER, seq INTEGER,"
        " sha256 TEXT, content TEXT, PRIMARY KEY(gateway, epoch, stream, seq, sha256)) WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS conflict(gateway TEXT, epoch INTEGER, stream INTEGER, seq INTEGER,"
        " sha256 TEXT, PRIMARY KEY(gateway, epoch, stream, seq, sha256)) WITHOUT ROWID",
        "CREATE TABLE IF NOT EXISTS manifest(sha256 TEXT PRIMARY KEY, bytes BLOB)",
        "CREATE TABLE IF NOT EXISTS counter(what TEXT PRIMARY KEY, count INTEGER)"})
    Statement(db_.get(), sql).step();
}

void Ledger::begin() {
  Statement(db_.get(), "BEGIN").step();
}
void Ledger::commit() {
  Statement(db_.get(), "COMMIT").step();
}

Stored Ledger::add(const Row& row, const Content& content) {
  Statement find(db_.get(), "SELECT sha256 FROM batch WHERE gateway=? AND epoch=? AND stream=? AND seq=?");
  if (bind_key(find, row.key).step()) {
    if (find.text(0) == row.sha256) return Stored::already_there;
    Statement note(db_.get(), "INSERT OR IGNORE INTO conflict VALUES(?,?,?,?,?)");
    bind_key(note, row.key).bind(row.sha256).step();
    return Stored::conflict;
  }

  const bool taken = take(content);
  Statement insert(db_.get(), "INSERT INTO batch VALUES(?,?,?,?,?,?,?,?)");
  bind_key(insert, row.key).bind(row.sha256).bind(row.bytes).bind(row.received_ms).bind(taken ? 1 : 0).step();
  return taken ? Stored::added : Stored::added_without_content;
}

/// Whether nobody told it before; from now on somebody has.
bool Ledger::take(const Content& content) {
  Statement find(db_.get(),
                 "SELECT content FROM content WHERE gateway=? AND epoch=? AND stream=? AND seq=? AND sha256=?");
  if (bind_key(find, content.origin.key).bind(content.origin.sha256).step()) {
    if (find.text(0) != content.sha256) count("false_copies");
    return false;
  }
  Statement insert(db_.get(), "INSERT INTO content VALUES(?,?,?,?,?,?)");
  bind_key(insert, content.origin.key).bind(content.origin.sha256).bind(content.sha256).step();
  return true;
}

bool Ledger::was_conflict(const Key& key, const std::string& sha256) const {
  Statement find(db_.get(), "SELECT 1 FROM conflict WHERE gateway=? AND epoch=? AND stream=? AND seq=? AND sha256=?");
  return bind_key(find, key).bind(sha256).step();
}

void Ledger::add_manifest(const std::string& sha256, const Bytes& bytes) {
  Statement(db_.get(), "INSERT OR IGNORE INTO manifest VALUES(?,?)").bind(sha256).bind(bytes).step();
}

std::optional<Bytes> Ledger::manifest(const std::string& sha256) const {
  Statement find(db_.get(), "SELECT bytes FROM manifest WHERE sha256=?");
  if (!find.bind(sha256).step()) return std::nullopt;
  return find.bytes(0);
}

void Ledger::forget_manifests() {
  Statement(db_.get(), "DELETE FROM manifest").step();
}

void Ledger::count(const std::string& what, std::int64_t by) {
  Statement(db_.get(), "INSERT INTO counter VALUES(?,?) ON CONFLICT(what) DO UPDATE SET count=count+excluded.count")
      .bind(what)
      .bind(by)
      .step();
}

std::int64_t Ledger::counted(const std::string& what) const {
  Statement find(db_.get(), "SELECT count FROM counter WHERE what=?");
  return find.bind(what).step() ? find.number(0) : 0;
}

bool Ledger::has_any(const std::string& gateway, int stream) const {
  Statement find(db_.get(), "SELECT 1 FROM batch WHERE gateway=? AND stream=? LIMIT 1");
  return find.bind(gateway).bind(stream).step();
}

std::vector<Ledger::Hole> Ledger::holes(const std::string& gateway, int stream) const {
  Statement find(db_.get(),
                 "SELECT epoch, before, seq FROM (SELECT epoch, seq, lag(seq, 1, 0) OVER (PARTITION BY epoch ORDER BY"
                 " seq) AS before FROM batch WHERE gateway=? AND stream=?) WHERE seq>before+1 ORDER BY epoch, seq");
  find.bind(gateway).bind(stream);
  std::vector<Hole> holes;
  while (find.step())
    holes.push_back({static_cast<std::uint64_t>(find.number(0)), static_cast<std::uint64_t>(find.number(1)) + 1,
                     static_cast<std::uint64_t>(find.number(2)) - 1});
  return holes;
}

std::vector<Ledger::Hole> Ledger::beyond(const std::string& gateway, int stream, std::uint64_t count) const {
  Statement find(db_.get(), "SELECT epoch, max(seq) FROM batch WHERE gateway=? AND stream=? GROUP BY epoch");
  find.bind(gateway).bind(stream);
  std::vector<Hole> ends;
  while (find.step()) {
    const auto last = static_cast<std::uint64_t>(find.number(1));
    ends.push_back({static_cast<std::uint64_t>(find.number(0)), last + 1, last + count});
  }
  return ends;
}

void Ledger::for_each(const std::function<void(const Row&)>& visit) const {
  Statement all(
      db_.get(),
      "SELECT b.gateway, b.epoch, b.stream, b.seq, b.sha256, b.bytes, b.received_ms, b.taken FROM batch b JOIN"
      " (SELECT gateway, epoch, min(received_ms) AS born FROM batch GROUP BY gateway, epoch) e"
      " USING (gateway, epoch) ORDER BY b.gateway, e.born, b.epoch, b.stream, b.seq");
  while (all.step())
    visit({{all.text(0), static_cast<std::uint64_t>(all.number(1)), static_cast<int>(all.number(2)),
            static_cast<std::uint64_t>(all.number(3))},
           all.text(4),
           all.bytes(5),
           all.number(6),
           all.number(7) != 0});
}

}  // namespace jidian::judge
