#include "tls/pem_text.hpp"

#include <unistd.h>

#include "tls/pem_file.hpp"

namespace hauberk::tls {

result<void> bundle(const std::vector<std::string>& cert_files, const std::string& into) {
  std::string text;
  for (const std::string& each : cert_files) {
    const auto certificate = read_certificate(each);
    if (!certificate) return certificate.error();
    text += pem_of(certificate->get());
  }
  return replace_file(into, text, 0644);
}

result<void> copy_file(const std::string& from, const std::string& to, mode_t mode) {
  if (::access(to.c_str(), F_OK) == 0) return {};
  auto text = read_text(from);
  if (!text) return text.error();
  auto made = create_file(to, *text, mode);
  OPENSSL_cleanse(text->data(), text->size());
  return made;
}

result<void> rename_file(const std::string& from, const std::string& to) { return move_file(from, to); }

bool is_draft(std::string_view file_name) {
  const std::size_t at = file_name.rfind(draft_mark);
  if (at == std::string_view::npos) return false;
  const std::string_view real = file_name.substr(0, at), process = file_name.substr(at + draft_mark.size());
  return (real.ends_with(".pem") || real.ends_with(".pem.new") || real.ends_with(".txt")) &&
         !process.empty() && process.find_first_not_of("0123456789") == std::string_view::npos;
}

result<bool> is_same_file(const std::string& a, const std::string& b) {
  if (::access(b.c_str(), F_OK) != 0) return false;
  const auto one = read_text(a);
  if (!one) return one.error();
  const auto other = read_text(b);
  if (!other) return other.error();
  return *one == *other;
}

}  // namespace hauberk::tls
