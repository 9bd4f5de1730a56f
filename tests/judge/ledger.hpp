// What the receiving side has stored. One SQLite file; a batch is receipted only after its commit here.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace jidian::judge {

using Bytes = std::vector<std::uint8_t>;

/// What names a batch for ever, and with it a row.
struct Key {
  std::string gateway;
  std::uint64_t epoch = 0;
  int stream = 0;
  std::uint64_t seq = 0;
  friend auto operator<=>(const Key&, const Key&) = default;
};

struct Row {
  Key key;
  std::string sha256;  ///< lower-case hexadecimal
  Bytes bytes;
  std::int64_t received_ms = 0;
  bool taken = true;  ///< Whether its content counts: not if an original or another copy of it was there before.
};

/// Where content was told first.
struct Origin {
  Key key;
  std::string sha256;  ///< of that batch's bytes
};

/// What of a batch is to be taken once, however many copies of it come.
struct Content {
  Origin origin;
  std::string sha256;  ///< of manifest and body
};

enum class Stored {
  added,
  added_without_content,  ///< another batch told it already
  already_there,
  conflict,
};

/// SHA-256 in lower-case hexadecimal.
std::string sha256_hex(const Bytes& bytes);

class Ledger {
 public:
  /// @throws std::runtime_error if the file cannot be opened.
  explicit Ledger(const std::string& path);

  void begin();
  void commit();

  /// The key decides: the same key with the same hash is there already, with another hash it is a conflict. The content
  /// is taken if no batch of the same origin was stored before. A conflict is remembered.
  Stored add(const Row& row, const Content& content);

  /// Whether the batch with these bytes was turned away because others stood under its key.
  bool was_conflict(const Key& key, const std::string& sha256) const;

  void add_manifest(const std::string& sha256, const Bytes& bytes);
  std::optional<Bytes> manifest(const std::string& sha256) const;
  void forget_manifests();

  /// Counts things that leave no row: duplicates, conflicts, damaged messages, …
  void count(const std::string& what, std::int64_t by = 1);
  std::int64_t counted(const std::string& what) const;

  /// Whether any batch of a stream of a gateway is there.
  bool has_any(const std::string& gateway, int stream) const;

  struct Hole {
    std::uint64_t epoch = 0;
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    friend bool operator==(const Hole&, const Hole&) = default;
  };
  /// Seqs that are missing before others of their stream, by epoch and seq.
  std::vector<Hole> holes(const std::string& gateway, int stream) const;

  /// The seqs behind the highest of each epoch, `count` of them.
  std::vector<Hole> beyond(const std::string& gateway, int stream, std::uint64_t count) const;

  /// Every row in the order (gateway, epoch of first receipt, stream, seq).
  void for_each(const std::function<void(const Row&)>& visit) const;

 private:
  bool take(const Content& content);

  struct Close {
    void operator()(sqlite3* db) const { sqlite3_close(db); }
  };
  std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace jidian::judge
