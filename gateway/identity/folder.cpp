#include <utility>

#include "identity/certificate.hpp"
#include "identity/files.hpp"
#include "identity/identity.hpp"
#include "identity/key.hpp"

namespace jidian::identity {
namespace {

/// What a file of the identity holds.
struct Pair {
  KeyPtr key;
  std::string key_pem;
  std::optional<Chain> chain;
  bool is_exposed = false;
};

Result<Pair> read_pair(const std::filesystem::path& path) {
  const auto secret = read_secret_file(path);
  if (!secret) return secret.error();
  auto key = key_of(secret->text);
  if (!key) return key.error().during(path.string());
  Pair pair{std::move(*key), {}, std::nullopt, secret->is_exposed};
  pair.key_pem = to_pem(pair.key.get());
  auto chain = chain_of(secret->text);
  if (!chain && chain.error().kind() != ErrorKind::not_found)
    return Error{ErrorKind::corrupt, path.string() + ": " + chain.error().message()};
  if (!chain) return pair;
  if (!is_for(chain->leaf.get(), pair.key.get()))
    return Error{ErrorKind::corrupt, path.string() + ": key and certificate do not belong together"};
  pair.chain = std::move(*chain);
  return pair;
}

Error without_key(const Error& error, const std::filesystem::path& path) {
  if (error.kind() != ErrorKind::not_found) return error;
  return {ErrorKind::not_found, "this box has no key yet (" + path.string() + "); `jidian identity create` makes one"};
}

/// The next key, where there is one that is not the present one: a power cut may come between taking it into use and
/// removing the file. One that is damaged is none, and must not stand in the way of every renewal.
Result<std::optional<Pair>> read_next(const std::filesystem::path& path, const Pair& present) {
  auto next = read_pair(path);
  const bool is_none =
      !next && (next.error().kind() == ErrorKind::not_found || next.error().kind() == ErrorKind::corrupt);
  if (is_none) return std::optional<Pair>();
  if (!next) return next.error();
  if (next->key_pem == present.key_pem) return std::optional<Pair>();
  return std::optional(std::move(*next));
}

/// The certificate is that of a key which this box does not have.
Error is_foreign(const Pair& present, const std::optional<Pair>& next) {
  return {ErrorKind::conflict,
          "the certificate is not for this box's key " + fingerprint_of(present.key.get()).substr(0, 16) +
              (next ? " nor for its next one " + fingerprint_of(next->key.get()).substr(0, 16) : std::string()) +
              "; have it issued for the request that `jidian identity request` prints"};
}

Status check_progress(const Pair& present, const CertificateFacts& facts) {
  if (!present.chain) return {};
  const auto before = facts_of(present.chain->leaf.get());
  if (facts.until >= before.until) return {};
  return Error{ErrorKind::conflict, "the certificate in use lasts longer (until " +
                                        format_utc(before.until).substr(0, 10) + ") than this one (until " +
                                        format_utc(facts.until).substr(0, 10) + ")"};
}

}  // namespace

Result<View> Folder::look() const {
  const auto present = read_pair(file());
  if (!present) return without_key(present.error(), file());
  View view{fingerprint_of(present->key.get()), std::nullopt, std::nullopt, present->is_exposed};
  if (present->chain) view.certificate = facts_of(present->chain->leaf.get());
  const auto next = read_next(next_file(), *present);
  if (!next) return next.error();
  if (*next) view.next_key = fingerprint_of((*next)->key.get());
  return view;
}

Result<std::string> Folder::create(Existing existing) const {
  const auto key = make_key();
  if (!key) return key.error();
  const auto lock = FolderLock::take(path_);
  if (!lock) return lock.error();
  if (existing == Existing::set_aside) {
    if (auto kept = lock->set_aside(file(), replaced_file()); !kept) return kept.error();
    if (auto placed = lock->replace(file(), to_pem(key->get())); !placed) return placed.error();
    if (auto removed = lock->remove(next_file()); !removed) return removed.error();
    return fingerprint_of(key->get());
  }
  if (auto placed = lock->write_new(file(), to_pem(key->get())); !placed) {
    if (placed.error().kind() != ErrorKind::conflict) return placed.error();
    return Error{ErrorKind::conflict, "this box has a key already (" + file().string() +
                                          "), which is never overwritten; `--replace` sets it aside and makes another "
                                          "one, and its certificate is of no use then"};
  }
  return fingerprint_of(key->get());
}

Result<std::string> Folder::request(Which which, const std::string& gateway) const {
  const auto present = read_pair(file());
  if (!present) return without_key(present.error(), file());
  const auto next = read_next(next_file(), *present);
  if (!next) return next.error();
  if (which == Which::next && !*next)
    return Error{ErrorKind::not_found, "there is no next key; `jidian identity check` makes one when it is time"};
  const bool is_next = which != Which::present && next->has_value();
  return request_for((is_next ? (*next)->key : present->key).get(), gateway);
}

Result<bool> Folder::prepare_next() const {
  const auto lock = FolderLock::take(path_);
  if (!lock) return lock.error();
  const auto present = read_pair(file());
  if (!present) return without_key(present.error(), file());
  const auto next = read_next(next_file(), *present);
  if (!next) return next.error();
  if (*next) return false;
  const auto key = make_key();
  if (!key) return key.error();
  if (auto placed = lock->replace(next_file(), to_pem(key->get())); !placed) return placed.error();
  return true;
}

Result<Installed> Folder::install(const std::string& pem, const Demand& demand) const {
  if (pem.find("PRIVATE KEY-----") != std::string::npos)
    return Error{ErrorKind::invalid,
                 "the file holds a private key; a certificate comes without one, and this box uses its own key alone"};
  const auto chain = chain_of(pem);
  if (!chain) return Error{ErrorKind::invalid, chain.error().message()};
  const auto lock = FolderLock::take(path_);
  if (!lock) return lock.error();
  const auto present = read_pair(file());
  if (!present) return without_key(present.error(), file());
  const auto next = read_next(next_file(), *present);
  if (!next) return next.error();

  Installed installed{facts_of(chain->leaf.get())};
  installed.is_unchanged = present->chain && to_pem(*present->chain) == to_pem(*chain);
  installed.is_new_key = *next && is_for(chain->leaf.get(), (*next)->key.get());
  if (!installed.is_new_key && !is_for(chain->leaf.get(), present->key.get())) return is_foreign(*present, *next);
  if (auto usable = check_usable(*chain, demand); !usable) return usable.error().during("the certificate");
  if (installed.is_unchanged) return installed;
  if (!installed.is_new_key)
    if (auto progress = check_progress(*present, installed.certificate); !progress) return progress.error();

  const auto& key_pem = installed.is_new_key ? (*next)->key_pem : present->key_pem;
  if (auto placed = lock->replace(file(), key_pem + to_pem(*chain)); !placed) return placed.error();
  // From here on the next key is the present one, also if the power fails now: `read_next` knows it.
  if (installed.is_new_key)
    if (auto removed = lock->remove(next_file()); !removed) return removed.error();
  return installed;
}

}  // namespace jidian::identity
