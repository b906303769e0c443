#include "engine/guard.hpp"

#include <ctime>
#include <utility>

#include "engine/hello.hpp"

namespace hauberk::engine {

result<std::shared_ptr<const protection>> guard::load() {
  const std::lock_guard one_at_a_time(loading_);
  protection made;
  if (how_.security) {
    auto loaded = tls::context::load(*how_.security, std::time(nullptr), how_.log);
    if (!loaded) return loaded.error();
    made.security = std::move(loaded.value());
    const tls::certificate& own = made.security->own();
    if (std::string why = tls::identity_mismatch(*made.security, own, how_.name); !why.empty())
      return error(errc::bad_certificate,
                   "our own certificate " + how_.security->cert_file + " is not for us: " + why);
  }
  made.policy_text = policy_of(how_.replication.policy, how_.compression, made.security);
  made.policy_digest = tls::sha256_hex(made.policy_text);
  const auto before = current();
  made.number = before == nullptr ? 1 : before->number + 1;
  auto shared = std::make_shared<const protection>(std::move(made));
  const std::lock_guard hold(mutex_);
  current_ = shared;
  return shared;
}

std::shared_ptr<const protection> guard::current() const {
  const std::lock_guard hold(mutex_);
  return current_;
}

std::vector<std::string> guard::files() const {
  std::vector<std::string> all;
  if (!how_.security) return all;
  const tls::settings& from = *how_.security;
  for (const auto* one :
       {&from.cert_file, &from.key_file, &from.ca_file, &from.password_file, &from.crl_file})
    if (!one->empty()) all.push_back(*one);
  return all;
}

}  // namespace hauberk::engine
