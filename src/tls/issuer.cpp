// Key generation, extensions and signing. Files are created exclusively and removed again when the second of
// a pair cannot be written, so a failed call leaves nothing behind.
#include "tls/issuer.hpp"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "tls/openssl.hpp"

namespace hauberk::tls {
namespace {

constexpr std::size_t common_name_bytes_max = 64;  // ub-common-name of RFC 5280
constexpr std::int64_t clock_skew_seconds = 300;   // a node whose clock is a little behind may start at once

error failed(const std::string& step) {
  return {errc::internal, step + " failed: OpenSSL says \"" + take_openssl_reason() + "\""};
}

error file_failed(const std::string& path, const char* what) {
  return {errc::bad_file, path + ": cannot " + what + ": " + std::generic_category().message(errno)};
}

/// Writes `text` to a file that must not exist yet.
result<void> create(const std::string& path, std::string_view text, mode_t mode) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0 && errno == EEXIST) {
    return error(errc::bad_file,
                 path + ": exists already and is not overwritten: remove it or choose another name");
  }
  if (file < 0) return file_failed(path, "create the file");
  // The umask may only take rights away, and a key must be ours alone whatever it says.
  bool good = ::fchmod(file, mode) == 0;
  while (good && !text.empty()) {
    const ssize_t count = ::write(file, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    good = count > 0;
    if (good) text.remove_prefix(static_cast<std::size_t>(count));
  }
  good = ::fsync(file) == 0 && good;
  const int reason = errno;
  ::close(file);
  if (good) return {};
  ::unlink(path.c_str());
  errno = reason;
  return file_failed(path, "write the file");
}

template <typename Write>
std::string pem_of(Write write) {
  const bio_ptr out(BIO_new(BIO_s_mem()));
  if (out == nullptr || write(out.get()) != 1) return {};
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return {bytes, static_cast<std::size_t>(std::max(0L, size))};
}

result<void> save(X509* certificate, EVP_PKEY* key, const pair_files& into) {
  const std::string secret = pem_of([&](BIO* out) {
    return PEM_write_bio_PKCS8PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
  });
  const std::string open = pem_of([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
  if (secret.empty() || open.empty()) return failed("writing PEM");
  if (auto made = create(into.key, secret, 0600); !made) return made;
  if (auto made = create(into.cert, open, 0644); !made) {
    ::unlink(into.key.c_str());
    return made;
  }
  return {};
}

bool set_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) return false;
  bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7f) | 0x40);  // positive, and always 16 bytes long
  BIGNUM* number = BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr);
  const bool good =
      number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return good;
}

/// Version, serial, dates, key and subject.
bool fill(X509* certificate, EVP_PKEY* key, const std::string& name, std::int64_t now, int days) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  if (X509_set_version(certificate, X509_VERSION_3) != 1 || !set_serial(certificate)) return false;
  if (ASN1_TIME_set(X509_getm_notBefore(certificate), now - clock_skew_seconds) == nullptr) return false;
  if (ASN1_TIME_set(X509_getm_notAfter(certificate), now + std::int64_t{days} * 86400) == nullptr)
    return false;
  if (X509_set_pubkey(certificate, key) != 1) return false;
  if (name.size() > common_name_bytes_max) return true;  // then the SAN alone names it
  return X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.data()),
                                    static_cast<int>(name.size()), -1, 0) == 1;
}

bool extend(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX about;
  X509V3_set_ctx(&about, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &about, kind, value);
  const bool good = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
  X509_EXTENSION_free(extension);
  return good;
}

/// The names are set as objects, never as configuration text: a comma in a name must not become a second one.
bool add_names(X509* certificate, const std::vector<std::string>& names, bool critical) {
  GENERAL_NAMES* all = GENERAL_NAMES_new();
  bool good = all != nullptr;
  for (const std::string& name : names) {
    GENERAL_NAME* entry = good ? GENERAL_NAME_new() : nullptr;
    if (entry == nullptr) break;
    if (ASN1_OCTET_STRING* address = a2i_IPADDRESS(name.c_str()); address != nullptr) {
      GENERAL_NAME_set0_value(entry, GEN_IPADD, address);
    } else {
      ASN1_IA5STRING* text = ASN1_IA5STRING_new();
      good = text != nullptr && ASN1_STRING_set(text, name.data(), static_cast<int>(name.size())) == 1;
      GENERAL_NAME_set0_value(entry, GEN_DNS, text);
    }
    good = sk_GENERAL_NAME_push(all, entry) > 0 && good;
  }
  ERR_clear_error();  // a2i_IPADDRESS leaves one for each DNS name
  good = good &&
         X509_add1_ext_i2d(certificate, NID_subject_alt_name, all, critical ? 1 : 0, X509V3_ADD_DEFAULT) == 1;
  GENERAL_NAMES_free(all);
  return good;
}

result<void> check_name(const std::string& what, const std::string& name, std::size_t most) {
  const bool printable = std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 127; });
  if (!name.empty() && name.size() <= most && (printable || what == "CA name")) return {};
  return error(errc::bad_option, what + " \"" + name + "\": expected 1 to " + std::to_string(most) +
                                     " printable ASCII characters without spaces");
}

template <typename Object, typename Read>
result<std::unique_ptr<Object, freer<Read::free>>> read_pem(const std::string& path, const char* kind) {
  std::unique_ptr<std::FILE, freer<std::fclose>> file(std::fopen(path.c_str(), "re"));
  if (file == nullptr) return file_failed(path, "open the file");
  std::unique_ptr<Object, freer<Read::free>> object(Read::read(file.get()));
  if (object == nullptr) {
    return error(errc::bad_file, path + ": no readable PEM " + kind + " in it: OpenSSL says \"" +
                                     take_openssl_reason() + "\"");
  }
  return object;
}

/// Never asks on the terminal: an encrypted CA key is an error.
int no_password(char*, int, int, void*) { return -1; }

struct certificate_reader {
  static X509* read(std::FILE* from) { return PEM_read_X509(from, nullptr, no_password, nullptr); }
  static constexpr auto free = X509_free;
};
struct key_reader {
  static EVP_PKEY* read(std::FILE* from) { return PEM_read_PrivateKey(from, nullptr, no_password, nullptr); }
  static constexpr auto free = EVP_PKEY_free;
};

}  // namespace

result<void> make_ca(const ca_request& what, const pair_files& into, std::int64_t now) {
  if (auto good = check_name("CA name", what.name, common_name_bytes_max); !good) return good;
  if (what.days < 1) return error(errc::bad_option, "days: expected 1 or more");
  const key_ptr key(EVP_EC_gen("P-256"));
  const x509_ptr made(X509_new());
  if (key == nullptr || made == nullptr || !fill(made.get(), key.get(), what.name, now, what.days)) {
    return failed("making the CA certificate");
  }
  X509* ca = made.get();
  const bool good = X509_set_issuer_name(ca, X509_get_subject_name(ca)) == 1 &&
                    extend(ca, ca, NID_basic_constraints, "critical,CA:TRUE") &&
                    extend(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                    extend(ca, ca, NID_subject_key_identifier, "hash") &&
                    X509_sign(ca, key.get(), EVP_sha256()) > 0;
  if (!good) return failed("making the CA certificate");
  return save(ca, key.get(), into);
}

result<void> make_node(const node_request& what, const pair_files& ca, const pair_files& into,
                       std::int64_t now) {
  std::vector<std::string> names{what.name};
  names.insert(names.end(), what.alternatives.begin(), what.alternatives.end());
  for (const std::string& name : names) {
    if (auto good = check_name("node name", name, 255); !good) return good;
  }
  if (what.days < 1) return error(errc::bad_option, "days: expected 1 or more");
  auto issuer = read_pem<X509, certificate_reader>(ca.cert, "certificate");
  if (!issuer) return issuer.error();
  auto signer = read_pem<EVP_PKEY, key_reader>(ca.key, "private key");
  if (!signer) return signer.error();
  if (X509_check_private_key(issuer->get(), signer->get()) != 1) {
    ERR_clear_error();
    return error(errc::bad_file, ca.key + ": this key does not belong to the CA certificate " + ca.cert);
  }

  const key_ptr key(EVP_EC_gen("P-256"));
  const x509_ptr made(X509_new());
  if (key == nullptr || made == nullptr || !fill(made.get(), key.get(), what.name, now, what.days)) {
    return failed("making the node's certificate");
  }
  X509* node = made.get();
  X509* from = issuer->get();
  const bool nameless = what.name.size() > common_name_bytes_max;
  const bool good = X509_set_issuer_name(node, X509_get_subject_name(from)) == 1 &&
                    extend(node, from, NID_basic_constraints, "critical,CA:FALSE") &&
                    extend(node, from, NID_key_usage, "critical,digitalSignature") &&
                    extend(node, from, NID_ext_key_usage, "serverAuth,clientAuth") &&
                    extend(node, from, NID_subject_key_identifier, "hash") &&
                    extend(node, from, NID_authority_key_identifier, "keyid") &&
                    add_names(node, names, nameless) && X509_sign(node, signer->get(), EVP_sha256()) > 0;
  if (!good) return failed("making the node's certificate");
  return save(node, key.get(), into);
}

}  // namespace hauberk::tls
