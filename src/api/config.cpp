// From text to values: each assignment goes to its row, then what depends on several options is worked out
// and checked.
#include "hauberk/config.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <thread>
#include <tuple>
#include <utility>

#include "api/option_table.hpp"
#include "api/values.hpp"
#include "base/limits.hpp"
#include "base/options.hpp"

namespace hauberk {
namespace {

namespace grammar = base::options;
using options::draft;
using options::verdict;

error bad(std::string words) { return {errc::bad_option, std::move(words)}; }

class parser {
 public:
  result<draft> run(std::string_view text) {
    for (const auto& one : options::rows()) to_.in_force.emplace(one.key, one.fallback);
    const auto read = grammar::parse(text);
    if (!read) return read.error();
    for (const auto& one : *read)
      if (auto done = assign(one.key, one.value); !done) return done.error();
    for (const auto step : {&parser::check_names, &parser::work_out_addresses, &parser::check_timing,
                            &parser::check_windows, &parser::check_security})
      if (auto done = (this->*step)(); !done) return done.error();
    return std::move(to_);
  }

 private:
  void note(std::string line) {
    if (std::find(to_.notes.begin(), to_.notes.end(), line) == to_.notes.end())
      to_.notes.push_back(std::move(line));
  }

  result<void> assign(const std::string& key, const std::string& value) {
    const options::row* row = options::find(key);
    if (row == nullptr) return unknown(key);
    if (row->key == "gmcast.peers" && value.find("://") != std::string::npos && is_cluster_url(value))
      return assign_url(key, value);
    const verdict outcome = row->apply(to_, value);
    switch (outcome.what) {
      case verdict::kind::good:
        break;
      case verdict::kind::not_allowed:
        return bad("option " + key + "=" + value + " is not allowed: expected " + std::string(row->allowed));
      case verdict::kind::refused:
        return bad("option " + key + "=" + value + ": " + outcome.words);
      case verdict::kind::no_effect:
        note("option " + key + "=" + value + ": " +
             (outcome.words.empty() ? "accepted, no effect yet" : outcome.words));
        break;
    }
    to_.in_force[std::string(row->key)] = value;
    return {};
  }

  result<void> unknown(const std::string& key) {
    const std::string_view near = options::nearest(key);
    // One slip away from a key of ours is a slip, also under a prefix that others use.
    if (options::is_elsewhere(key) && grammar::distance(key, near) > 2) {
      note("option " + key + ": not needed here, ignored");
      return {};
    }
    return bad("unknown option '" + key + "': did you mean '" + std::string(near) + "'?");
  }

  static bool is_cluster_url(const std::string& value) {
    return grammar::lower(value.substr(0, 5)) == "gcomm";
  }

  result<void> assign_url(const std::string& key, const std::string& value) {
    const auto url = grammar::parse_cluster_url(value);
    if (!url)
      return bad("option " + key + "=" + value +
                 " is not allowed: expected gcomm://host:port,host:port?key=value&key=value");
    if (url->hosts.empty())
      note("option " + key + "=" + value + ": no peers; it starts no new history, pc.bootstrap=yes does");
    if (auto done = assign("gmcast.peers", url->hosts); !done) return done.error();
    for (const auto& one : url->options) {
      // A URL inside a URL would let text nest without end.
      if (options::find(one.key) == options::find("gmcast.peers"))
        return bad("option " + key + "=" + value + ": '" + one.key + "' cannot stand in a gcomm:// address");
      if (auto done = assign(one.key, one.value); !done) return done.error();
    }
    return {};
  }

  result<void> check_names() {
    if (to_.arbitrator && to_.bootstrap)
      return bad(
          "option pc.arbitrator=yes is not allowed with pc.bootstrap=yes: an arbitrator keeps no history "
          "that it could start");
    if (to_.group.empty())
      return bad(
          "option group.name is missing: every node of a group gives the same, e.g. group.name=ledger");
    if (to_.name.empty()) {
      std::array<char, 256> host{};
      if (::gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0')
        return bad("option node.name is missing, and this host has no name to use instead");
      to_.name = host.data();
      to_.in_force["node.name"] = to_.name;
    }
    return {};
  }

  [[nodiscard]] std::uint16_t base_port() const {
    return static_cast<std::uint16_t>(grammar::parse_number(to_.base_port).value_or(4567));
  }

  void complete(std::vector<std::string>& hosts) const {
    for (std::string& one : hosts)
      if (const auto address = grammar::parse_address(one); address && !address->port)
        one = grammar::join_address(address->host, base_port());
  }

  result<void> work_out_addresses() {
    if (to_.listen.empty()) {
      to_.listen = {"[::]"};
      to_.in_force["gmcast.listen_addr"] = grammar::join_address("::", base_port());
    }
    complete(to_.listen);
    complete(to_.peers);
    to_.sockets.listen = to_.listen;
    to_.meshing.seeds = to_.peers;
    if (to_.in_force["io.threads"].empty()) {
      const auto cores = std::max(1U, std::thread::hardware_concurrency());
      to_.sockets.io_threads =
          std::clamp(static_cast<unsigned>(to_.peers.size()), std::min(2U, cores), cores);
      to_.in_force["io.threads"] = std::to_string(to_.sockets.io_threads);
    }

    const auto listening = grammar::parse_address(to_.listen.front());
    std::string host = listening->host;
    std::uint16_t port = listening->port.value_or(base_port());
    if (host == "::" || host == "0.0.0.0") host.clear();
    if (!to_.base_host.empty()) host = to_.base_host;
    if (const auto told = grammar::parse_address(to_.node_address)) {
      host = told->host;
      port = told->port.value_or(port);
    }
    to_.address = grammar::join_address(host, port);
    to_.in_force["node.address"] = to_.address;
    if (to_.address.size() > base::limits::address_bytes_max)
      return bad("option node.address=" + to_.address + " is too long");
    return {};
  }

  [[nodiscard]] std::string shown(const std::string& key) const { return key + "=" + to_.in_force.at(key); }

  result<void> check_timing() {
    auto& how = to_.replication;
    how.peer_timeout = to_.sockets.dial_timeout;
    to_.meshing.retry_min = std::min(to_.meshing.retry_min, to_.meshing.retry_max);
    if (how.suspect_timeout < 3 * how.keepalive_period)
      return bad("option " + shown("evs.suspect_timeout") + " is not allowed: at least three times " +
                 shown("evs.keepalive_period"));
    if (how.inactive_timeout < how.suspect_timeout)
      return bad("option " + shown("evs.inactive_timeout") + " is not allowed: at least " +
                 shown("evs.suspect_timeout"));
    return {};
  }

  result<void> check_windows() {
    auto& how = to_.replication;
    if (to_.send_window && *to_.send_window > how.window_bytes)
      return bad("option " + shown("evs.send_window") + " is not allowed: at most " + shown("gcache.size"));
    // What is in flight has to fit the history window, with room for the other senders.
    how.send_window_bytes = to_.send_window.value_or(std::min(how.send_window_bytes, how.window_bytes / 4));
    if (!to_.send_window && how.window_bytes / 4 <= how.send_window_bytes)
      to_.in_force["evs.send_window"] = std::to_string(how.send_window_bytes);
    return {};
  }

  result<void> check_security() {
    const auto& tls = to_.security;
    if (!to_.wants_tls && tls.cert_file.empty())
      return bad(
          "option socket.ssl is not decided: give socket.ssl_cert, socket.ssl_key and socket.ssl_ca for an "
          "encrypted group, or socket.ssl=no for a plaintext one (all nodes alike)");
    to_.encrypted = to_.wants_tls.value_or(true);
    to_.in_force["socket.ssl"] = to_.encrypted ? "yes" : "no";
    if (!to_.encrypted) {
      if (to_.listens_on_ssl)
        return bad(
            "option gmcast.listen_addr says ssl://, but socket.ssl=no: use tcp://, or give certificates");
      if (!tls.cert_file.empty())
        note("option socket.ssl=no: the certificate is not used, nothing is encrypted");
      return {};
    }
    for (const auto& [key, file, other] :
         {std::tuple{"socket.ssl_cert", &tls.cert_file, "socket.ssl=yes needs a certificate"},
          std::tuple{"socket.ssl_key", &tls.key_file, "socket.ssl_cert needs its private key"}})
      if (file->empty()) return bad("option " + std::string(key) + " is missing: " + other);
    if (!tls.min_version.empty() && !tls.max_version.empty() && tls.min_version > tls.max_version)
      return bad("option " + shown("socket.ssl_min_version") + " is not allowed: above " +
                 shown("socket.ssl_max_version"));
    return {};
  }

  draft to_;
};

}  // namespace

result<config> config::parse(std::string_view text) {
  auto checked = parser().run(text);
  if (!checked) return checked.error();
  return config(std::make_shared<const values>(std::move(static_cast<values&>(*checked))));
}

result<std::string> config::get(std::string_view key) const {
  const options::row* row = options::find(key);
  const auto found = values_->in_force.find(row == nullptr ? key : row->key);
  if (found == values_->in_force.end())
    return bad("unknown option '" + std::string(key) + "': did you mean '" +
               std::string(options::nearest(key)) + "'?");
  return found->second;
}

const std::vector<std::string>& config::notes() const { return values_->notes; }

}  // namespace hauberk
