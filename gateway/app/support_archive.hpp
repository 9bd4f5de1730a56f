#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"

/// The parts of a support archive that are pure: what must not be in it, and how it is packed.
namespace jidian::app {

/// One file of an archive.
struct ArchivedFile {
  std::string name;  ///< Within the archive, at most 99 bytes.
  std::string content;
};

/// What stands for a secret that was taken out.
inline constexpr std::string_view removed_mark = "(removed)";

/// Takes secrets out of texts.
class Redactor {
 public:
  /// From now on `content` of a file that holds a secret is one: the whole, and each of its lines that is at least
  /// `line_least` long (a line of base64 has 64).
  void learn(std::string_view content);

  /// `text` without: the secrets learnt; PEM blocks of private keys; the values of keys and variables whose name sounds
  /// like a secret (password, token, secret, psk, passphrase, private_key, credential) other than names of files; user
  /// and password in URLs.
  std::string redact(std::string_view text) const;

 private:
  static constexpr std::size_t line_least = 20;
  std::vector<std::string> secrets_;
};

/// A tar archive (POSIX ustar) of plain files with mode 0600. Precondition: every name fits.
std::string make_tar(const std::vector<ArchivedFile>& files, UtcTime time);

/// `bytes` as one zstd frame. Errors: io (no memory).
Result<std::string> compress_zstd(std::string_view bytes);

}  // namespace jidian::app
