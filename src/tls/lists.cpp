#include "tls/lists.hpp"

#include <openssl/bn.h>
#include <sys/stat.h>

#include "tls/pem_file.hpp"

namespace hauberk::tls {
namespace {

std::string decimal(const std::string& number) {
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
    const auto* at = reinterpret_cast<const unsigned char*>(one.der.data());
    const crl_ptr list(d2i_X509_CRL(nullptr, &at, static_cast<long>(one.der.size())));
    if (list != nullptr) text += pem_of(list.get());
  }
  ERR_clear_error();
  return text;
}

result<std::vector<base::buffer>> load_lists(const std::string& path) {
  std::vector<base::buffer> made;
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0 && errno == ENOENT) return made;
  const auto text = read_text(path);
  if (!text) return text.error();
  const auto all = crls_in(*text, path);
  if (!all) return all.error();
  for (const crl_ptr& one : *all) {
    unsigned char* bytes = nullptr;
    const int size = i2d_X509_CRL(one.get(), &bytes);
    if (size > 0)
      made.push_back(
          base::buffer::copy({reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)}));
    OPENSSL_free(bytes);
  }
  return made;
}

result<void> save_lists(const std::string& path, const std::vector<revocation_list>& all) {
  return replace_file(path, pem_of(all), 0644);
}

}  // namespace hauberk::tls
