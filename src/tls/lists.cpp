#include "tls/lists.hpp"

#include <openssl/bn.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include "base/limits.hpp"
#include "tls/pem_file.hpp"
#include "tls/told_list.hpp"

namespace hauberk::tls {
namespace {

std::string decimal(const std::string& number) {
  if (number.size() > base::limits::list_number_bytes_max)
    return "(of " + std::to_string(number.size()) + " bytes)";
  BIGNUM* value = BN_bin2bn(reinterpret_cast<const unsigned char*>(number.data()),
                            static_cast<int>(number.size()), nullptr);
  char* digits = value == nullptr ? nullptr : BN_bn2dec(value);
  std::string made = digits == nullptr ? "?" : digits;
  OPENSSL_free(digits);
  BN_free(value);
  return made;
}

}  // namespace

std::string list_words(const base::list_id& of) {
  return of.number.empty() ? "of " + date_text(of.this_update) : "number " + decimal(of.number);
}

std::string list_words(const revocation_list& of) {
  return list_words(of.id) + " of " + of.issuer + " (" + date_text(of.id.this_update) + ", revokes " +
         std::to_string(of.revoked) + ")";
}

std::string pem_of(const std::vector<revocation_list>& all) {
  std::string text;
  for (const revocation_list& one : all) {
    if (!one.may_be_told()) continue;
    const auto* at = reinterpret_cast<const unsigned char*>(one.der.data());
    const crl_ptr list(d2i_X509_CRL(nullptr, &at, static_cast<long>(one.der.size())));
    if (list != nullptr) text += pem_of(list.get());
  }
  ERR_clear_error();
  return text;
}

result<std::vector<base::buffer>> load_lists(const std::string& path, const base::logger& words) {
  std::vector<base::buffer> made;
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0 && errno == ENOENT) return made;
  const auto text = read_text(path);
  if (!text) return text.error();
  const bio_ptr from(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())));
  for (std::size_t left = text->size() + 1; BIO_ctrl_pending(from.get()) < left;) {
    left = BIO_ctrl_pending(from.get());
    ERR_clear_error();
    const crl_ptr one(PEM_read_bio_X509_CRL(from.get(), nullptr, nullptr, nullptr));
    if (one != nullptr) {
      made.push_back(der_of(one.get()));
      continue;
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) break;
    words(base::level::warning,
          path + ": a revocation list in it cannot be read and is left out: " + take_openssl_reason());
  }
  ERR_clear_error();
  return made;
}

result<void> save_lists(const std::string& path, const std::vector<revocation_list>& all) {
  return replace_file(path, pem_of(all), 0644);
}

}  // namespace hauberk::tls
