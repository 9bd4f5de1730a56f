#include "domain/aggregate.hpp"

#include <cassert>

namespace jidian::domain {

std::string_view name_of(SubjectKind kind) {
  switch (kind) {
    case SubjectKind::facility:
      return "facility";
    case SubjectKind::account:
      return "account";
    case SubjectKind::site:
      return "site";
  }
  return "unknown";
}

std::optional<std::span<const Amount>> amounts_of(const Manifest& manifest, Subject subject) {
  switch (subject.kind) {
    case SubjectKind::facility:
      if (subject.index < manifest.facilities.size()) return manifest.facilities[subject.index].amounts;
      break;
    case SubjectKind::account:
      if (subject.index < manifest.site.accounts.size()) return manifest.site.accounts[subject.index].amounts;
      break;
    case SubjectKind::site:
      if (subject.index == 0) return manifest.site.amounts;
      break;
  }
  return std::nullopt;
}

std::string_view id_of(const Manifest& manifest, Subject subject) {
  assert(amounts_of(manifest, subject));
  if (subject.kind == SubjectKind::facility) return manifest.facilities[subject.index].id;
  if (subject.kind == SubjectKind::account) return manifest.site.accounts[subject.index].id;
  return "site";
}

}  // namespace jidian::domain
