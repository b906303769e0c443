#include "api/option_table.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "api/option_setters.hpp"
#include "base/limits.hpp"
#include "base/options.hpp"
#include "tls/identity.hpp"

namespace hauberk::options {
namespace {

using namespace std::chrono_literals;
using base::limits::payload_bytes_max;
namespace grammar = base::options;

constexpr std::uint64_t size_max = std::uint64_t{1} << 50U;
constexpr std::uint64_t send_window_min = 64U << 10U;

// ---- node and group ----

verdict set_name(std::string& to, const std::string& text) {
  if (text.empty() || text.size() > base::limits::name_bytes_max) return not_allowed();
  to = text;
  return good();
}

verdict set_listen(draft& to, const std::string& text) {
  std::vector<std::string> listen = grammar::split_list(text);
  if (listen.empty()) return not_allowed();
  bool on_ssl = false;
  for (std::string& one : listen) {
    const auto address = grammar::parse_address(one);
    if (!address) return not_allowed();
    on_ssl = on_ssl || address->scheme == "ssl";
    // The port may come from base_port, which can stand later in the text: `config::parse` adds it.
    const bool any = address->host.empty() || address->host == "*";
    const std::string host = any ? "::" : address->host;
    one = address->port ? grammar::join_address(host, *address->port)
                        : (host.find(':') == std::string::npos ? host : '[' + host + ']');
  }
  to.listen = std::move(listen);
  to.listens_on_ssl = on_ssl;
  return good();
}

verdict set_peers(draft& to, const std::string& text) {
  std::vector<std::string> peers = grammar::split_list(text);
  for (std::string& one : peers) {
    const auto address = grammar::parse_address(one);
    if (!address || address->host.empty() || address->host == "*" || address->port == std::uint16_t{0})
      return not_allowed();
    one = address->port
              ? grammar::join_address(address->host, *address->port)
              : (address->host.find(':') == std::string::npos ? address->host : '[' + address->host + ']');
  }
  to.peers = std::move(peers);
  return good();
}

verdict set_host(std::string& to, const std::string& text) {
  const bool bare_v6 = std::count(text.begin(), text.end(), ':') > 1 && !text.starts_with('[');
  const auto address = grammar::parse_address(bare_v6 ? '[' + text + ']' : text);
  if (!text.empty() && (!address || address->port || !address->scheme.empty())) return not_allowed();
  to = address ? address->host : "";
  return good();
}

verdict set_node_address(draft& to, const std::string& text) {
  const auto address = grammar::parse_address(text);
  if (!text.empty() && (!address || address->host.empty() || address->host == "*")) return not_allowed();
  to.node_address = text;
  return good();
}

verdict set_base_port(draft& to, const std::string& text) {
  const auto port = grammar::parse_number(text);
  if (!port || *port < 1 || *port > 65535) return not_allowed();
  to.base_port = text;
  return good();
}

// ---- flow ----

verdict set_send_window(draft& to, const std::string& text) {
  const auto read = grammar::parse_size(text);
  if (!read || *read == 0 || *read > size_max) return not_allowed();
  to.send_window = std::max(*read, send_window_min);
  // Galera counts entries here, and its configurations carry 2 or 4.
  return *read < send_window_min ? no_effect("raised to 64K") : good();
}

// A plain number counts entries, as in Galera.
verdict set_backlog(draft& to, const std::string& text) {
  const auto read = grammar::parse_size(text);
  if (!read || *read == 0) return not_allowed();
  const bool is_entries = grammar::parse_number(text).has_value();
  (is_entries ? to.replication.backlog_entries_max : to.replication.backlog_bytes_max) = *read;
  return good();
}

verdict set_flow_policy(draft& to, const std::string& text) {
  const std::string small = grammar::lower(text);
  const auto at = std::ranges::find(replica::flow_policy_names, small);
  if (at == replica::flow_policy_names.end()) return not_allowed();
  to.replication.policy = static_cast<replica::flow_policy>(at - replica::flow_policy_names.begin());
  return good();
}

// ---- security ----

verdict set_tls(draft& to, const std::string& text) {
  if (grammar::lower(text) == "permissive")
    return refused(
        "no node alone is so: start with what the group has, no or yes; while it runs, the group goes from "
        "no to yes by 'hauberk rotate socket.ssl=yes' (or set_option), and takes both meanwhile");
  const auto read = grammar::parse_boolean(text);
  if (!read) return not_allowed();
  to.wants_tls = *read;
  return good();
}

verdict set_dynamic(draft&, const std::string& text) {
  const auto read = grammar::parse_boolean(text);
  if (!read) return not_allowed();
  if (*read)
    return refused("it means socket.ssl=permissive, which no node alone is: use socket.ssl=yes or no");
  return good();
}

template <typename Where>
setter version_at(Where where) {
  return [=](draft& to, const std::string& text) {
    std::string_view number = text;
    if (number.starts_with("TLSv")) number.remove_prefix(4);
    if (!number.empty() && number != "1.2" && number != "1.3") return not_allowed();
    *where(to) = number;
    return good();
  };
}

verdict set_profile(draft& to, const std::string& text) {
  const std::string small = grammar::lower(text);
  if (small != "standard" && small != "strict") return not_allowed();
  to.security.rules = small == "strict" ? tls::profile::strict : tls::profile::standard;
  return good();
}

verdict set_identity(draft& to, const std::string& text) {
  if (const auto read = tls::read_identity(text); !read) return refused(read.error().text);
  to.security.identity = text;
  return good();
}

/// 1M is a megabyte here, 1m a minute.
bool is_size(const std::string& text) {
  return !text.starts_with('P') && std::string_view("KMGT").find(text.back()) != std::string_view::npos;
}

/// Any of a number of records, a size and a time; what is not said stays at its default.
verdict set_rekey(draft& to, const std::string& text) {
  constexpr std::uint64_t records_max = std::uint64_t{1} << 24U;  // below the bound of 2^24.5
  tls::rekey_limits made;
  for (const std::string& one : grammar::split_list(text)) {
    if (const auto records = grammar::parse_number(one)) {
      if (*records < 1 || *records > records_max) return not_allowed();
      made.records = *records;
    } else if (const auto age = grammar::parse_duration(one); age && !is_size(one)) {
      if (*age < 1s || *age > 24h) return not_allowed();
      made.age = *age;
    } else if (const auto bytes = grammar::parse_size(one)) {
      if (*bytes < (64U << 10U) || *bytes > size_max) return not_allowed();
      made.bytes = *bytes;
    } else {
      return not_allowed();
    }
  }
  to.security.rekey = made;
  return good();
}

verdict set_compression(draft& to, const std::string& text) {
  std::string name = grammar::lower(text);
  int level = 0;
  if (name.starts_with("zstd:")) {
    const auto read = grammar::parse_number(std::string_view(name).substr(5));
    if (!read || *read < 1 || *read > 19) return not_allowed();
    level = static_cast<int>(*read);
    name = "zstd";
  }
  if (name == "none" || grammar::parse_boolean(name) == false) {
    to.compression.how = wire::algorithm::none;
  } else if (name == "lz4" || grammar::parse_boolean(name) == true) {
    to.compression.how = wire::algorithm::lz4;
  } else if (name == "zstd") {
    to.compression.how = wire::algorithm::zstd;
  } else {
    return not_allowed();
  }
  to.compression.level = level;
  return good();
}

verdict set_reload(draft&, const std::string& text) {
  const auto read = grammar::parse_boolean(text);
  if (!read) return not_allowed();
  return *read ? no_effect("files are read at the start anyway; at run time it reads them again") : good();
}

template <typename Where>
setter kernel_buffer_at(Where where) {
  return [=](draft& to, const std::string& text) {
    const auto read =
        grammar::lower(text) == "auto" ? std::optional<std::uint64_t>(0) : grammar::parse_size(text);
    if (!read || *read > (1U << 30U)) return not_allowed();
    *where(to) = static_cast<int>(*read);
    return good();
  };
}

verdict set_pending(draft& to, const std::string& text) {
  const auto read = grammar::parse_number(text);
  if (!read || *read < 1 || *read > 65535) return not_allowed();
  auto& door = to.sockets.door;
  door.pending_max = static_cast<unsigned>(*read);
  door.pending_per_address_max = std::min(door.pending_max, std::max(8U, door.pending_max / 8));
  return good();
}

verdict set_allowed(draft& to, const std::string& text) {
  auto list = net::allow_list::read(grammar::split_list(text));
  if (!list) return refused(list.error().text);
  to.sockets.door.allowed =
      list->empty() ? nullptr : std::make_shared<const net::allow_list>(std::move(*list));
  return good();
}

verdict refuse_split_brain(draft&, const std::string& text) {
  if (grammar::parse_boolean(text) == false) return good();
  return refused(
      "not offered: without a quorum two halves would each go on, and their histories could never be "
      "merged; remove it (pc.bootstrap=yes starts a new history deliberately)");
}

// ---- options that are checked only ----

bool is_duration(const std::string& text) { return grammar::parse_duration(text).has_value(); }

verdict set_segment(draft&, const std::string& text) {
  const auto read = grammar::parse_number(text);
  if (!read || *read > 255) return not_allowed();
  return *read == 0 ? good() : no_effect();
}

verdict set_isolate(draft&, const std::string& text) {
  if (text == "0") return good();
  if (text != "1" && text != "2") return not_allowed();
  return refused("not supported yet: stop the node to cut it off");
}

// `force` starts a history even where the state file says that others may be ahead.
verdict set_bootstrap(draft& to, const std::string& text) {
  to.bootstrap_forced = text == "force";
  const auto read = grammar::parse_boolean(to.bootstrap_forced ? "yes" : text);
  if (!read) return not_allowed();
  to.bootstrap = *read;
  return good();
}

verdict set_auto_evict(draft&, const std::string& text) {
  const auto read = grammar::parse_number(text);
  if (!read) return not_allowed();
  return *read == 0 ? good() : no_effect();
}

verdict set_checksum(draft&, const std::string& text) {
  if (text != "0" && text != "1" && text != "2") return not_allowed();
  return text == "0"
             ? good()
             : no_effect("TLS authenticates every record; with socket.ssl=no there is TCP's checksum alone");
}

// ---- the rows, in the order of the options' table in the README ----

constexpr std::string_view some_time = "a duration of 1ms to 1h, such as PT0.5S or 500ms";
constexpr std::string_view yes_or_no = "yes, no, true, false, on, off, 1 or 0";
constexpr std::string_view addresses =
    "host or host:port, comma separated, IPv6 in brackets; ssl:// or tcp:// may come first";

std::vector<row> node_rows() {
  return {
      {"node.name", "", "1 to 255 bytes", [](draft& v, auto& t) { return set_name(v.name, t); }},
      {"group.name", "", "1 to 255 bytes", [](draft& v, auto& t) { return set_name(v.group, t); }},
      {"gmcast.listen_addr", "", addresses, set_listen},
      {"gmcast.peers", "", addresses, set_peers},
      {"base_host", "", "a host name or address", [](draft& v, auto& t) { return set_host(v.base_host, t); }},
      {"base_port", "4567", "a port, 1 to 65535", set_base_port},
      {"node.address", "", "host or host:port", set_node_address},
      {"gmcast.segment", "0", "0 to 255", set_segment},
      {"gmcast.isolate", "0", "0, 1 or 2", set_isolate},
      {"pc.bootstrap", "no", "yes, no, true, false, on, off, 1, 0, or force", set_bootstrap},
      {"pc.recovery", "yes", yes_or_no, boolean_at([](draft& v) { return &v.replication.recovers; })},
      {"pc.weight", "1", "0 to 255", size_at(0, 255, [](draft& v) { return &v.weight; })},
      {"pc.arbitrator", "no", yes_or_no, boolean_at([](draft& v) { return &v.arbitrator; })},
      {"pc.wait_prim", "yes", yes_or_no, boolean_at([](draft& v) { return &v.wait_prim; })},
      {"pc.wait_prim_timeout", "PT30S", "a duration of 1ms to 24h, such as PT30S",
       duration_at(1ms, 24h, [](draft& v) { return &v.wait_prim_timeout; })},
      {"pc.ignore_sb", "no", "no", refuse_split_brain},
      {"pc.ignore_quorum", "no", "no", refuse_split_brain},
      {"node.state_dir", "", "a folder", text_at([](draft& v) { return &v.state_dir; })},
  };
}

std::vector<row> timing_and_flow_rows() {
  return {
      {"evs.keepalive_period", "PT0.1S", some_time,
       duration_at(1ms, 1h, [](draft& v) { return &v.replication.keepalive_period; })},
      {"evs.suspect_timeout", "PT1S", some_time,
       duration_at(1ms, 1h, [](draft& v) { return &v.replication.suspect_timeout; })},
      {"evs.inactive_timeout", "PT5S", some_time,
       duration_at(1ms, 1h, [](draft& v) { return &v.replication.inactive_timeout; })},
      {"evs.auto_evict", "0", "a whole number", set_auto_evict},
      {"evs.delay_margin", "PT1S", some_time, checked_only(is_duration)},
      {"gmcast.peer_timeout", "PT3S", some_time,
       duration_at(1ms, 1h, [](draft& v) { return &v.sockets.dial_timeout; })},
      {"gmcast.time_wait", "PT1S", some_time,
       duration_at(1ms, 1h, [](draft& v) { return &v.meshing.retry_max; })},
      {"evs.send_window", "16M", "a size above 0, such as 16M", set_send_window},
      {"gcs.fc_limit", "64M", "a size above 0, such as 64M, or a number of messages", set_backlog},
      {"gcs.fc_policy", "throttle", "throttle, demote or evict", set_flow_policy, change_kind::group},
      {"gcache.size", "128M", "a size from 256K on, such as 128M",
       size_at(256U << 10U, size_max, [](draft& v) { return &v.replication.window_bytes; })},
      {"gcs.max_packet_size", "1M", "a size from 1K to 4M",
       size_at(1U << 10U, base::limits::frame_payload_bytes_max,
               [](draft& v) { return &v.replication.chunk_bytes; })},
      {"repl.max_ws_size", "2147483647", "a size of 1 to 2147483647 bytes",
       size_at(1, payload_bytes_max, [](draft& v) { return &v.replication.payload_bytes_max; })},
      {"io.threads", "", "1 to 256", size_at(1, 256, [](draft& v) { return &v.sockets.io_threads; })},
  };
}

std::vector<row> security_rows() {
  return {
      {"socket.ssl", "", "yes or no", set_tls, change_kind::group},
      {"socket.dynamic", "no", yes_or_no, set_dynamic},
      {"socket.ssl_cert", "", "a PEM file", text_at([](draft& v) { return &v.security.cert_file; }),
       change_kind::file},
      {"socket.ssl_key", "", "a PEM file", text_at([](draft& v) { return &v.security.key_file; }),
       change_kind::file},
      {"socket.ssl_ca", "", "a PEM file", text_at([](draft& v) { return &v.security.ca_file; }),
       change_kind::file},
      {"socket.ssl_password_file", "", "a file", text_at([](draft& v) { return &v.security.password_file; })},
      {"socket.ssl_cipher", "", "a list of cipher names",
       text_at([](draft& v) { return &v.security.ciphers; }), change_kind::group},
      {"socket.ssl_min_version", "", "1.2 or 1.3",
       version_at([](draft& v) { return &v.security.min_version; }), change_kind::group},
      {"socket.ssl_max_version", "", "1.2 or 1.3",
       version_at([](draft& v) { return &v.security.max_version; }), change_kind::group},
      {"socket.ssl_groups", "", "a list of key exchange groups",
       text_at([](draft& v) { return &v.security.groups; }), change_kind::group},
      {"socket.ssl_profile", "standard", "standard or strict", set_profile, change_kind::group},
      {"socket.ssl_identity", "", "name, ca, list:NAME,… or pin:SHA256,…", set_identity, change_kind::group},
      {"socket.ssl_crl", "", "a PEM file", text_at([](draft& v) { return &v.security.crl_file; }),
       change_kind::file},
      {"socket.ssl_rekey", "4194304,1h",
       "a number of records up to 16777216, a size from 64K on and a time of 1s to 24h, or some of these",
       set_rekey, change_kind::group},
      {"socket.ssl_reload", "no", yes_or_no, set_reload, change_kind::reload},
      {"socket.ssl_watch", "no", yes_or_no, boolean_at([](draft& v) { return &v.watches_files; }),
       change_kind::watch},
      {"socket.ssl_compression", "none", "none, lz4, zstd, zstd:1 to zstd:19, yes (lz4) or no (none)",
       set_compression, change_kind::group},
      {"socket.compression_min", "512", "a size up to 1G",
       size_at(0, 1U << 30U, [](draft& v) { return &v.compression.threshold; })},
      {"socket.checksum", "0", "0, 1 or 2", set_checksum},
      {"socket.recv_buf_size", "auto", "auto, or a size up to 1G",
       kernel_buffer_at([](draft& v) { return &v.sockets.receive_buffer_bytes; })},
      {"socket.send_buf_size", "auto", "auto, or a size up to 1G",
       kernel_buffer_at([](draft& v) { return &v.sockets.send_buffer_bytes; })},
      {"gmcast.allowed", "", "addresses, networks such as 10.0.0.0/8, and names, comma separated",
       set_allowed, change_kind::entry},
      {"handshake.timeout", "PT5S", some_time,
       duration_at(1ms, 1h, [](draft& v) { return &v.handshake_timeout; }), change_kind::entry},
      {"handshake.pending_max", "64", "1 to 65535", set_pending, change_kind::entry},
      {"gmcast.mcast_addr", "", "", ignored("all links are unicast TLS")},
      {"gmcast.mcast_ttl", "", "", ignored("all links are unicast TLS")},
      {"gmcast.version", "", "", ignored("links agree on a protocol version themselves")},
  };
}

struct alias {
  std::string_view name, key;
};
constexpr std::array aliases = {
    alias{"gmcast.group", "group.name"},
    alias{"wsrep_cluster_name", "group.name"},
    alias{"wsrep_cluster_address", "gmcast.peers"},
    alias{"wsrep_node_name", "node.name"},
    alias{"wsrep_node_address", "node.address"},
    alias{"base_dir", "node.state_dir"},
};

constexpr std::array<std::string_view, 8> elsewhere = {"cert.", "gcache.",   "gcs.", "ist.",
                                                       "repl.", "protonet.", "evs.", "pc."};

}  // namespace

const std::vector<row>& rows() {
  static const std::vector<row> all = [] {
    std::vector<row> gathered = node_rows();
    for (auto* part : {&timing_and_flow_rows, &security_rows})
      for (row& one : part()) gathered.push_back(std::move(one));
    return gathered;
  }();
  return all;
}

const row* find(std::string_view key) {
  for (const alias& one : aliases)
    if (one.name == key) key = one.key;
  const auto& all = rows();
  const auto found = std::find_if(all.begin(), all.end(), [&](const row& one) { return one.key == key; });
  return found == all.end() ? nullptr : &*found;
}

std::string_view nearest(std::string_view key) {
  const auto nearer = [&](const row& a, const row& b) {
    return grammar::distance(key, a.key) < grammar::distance(key, b.key);
  };
  return std::min_element(rows().begin(), rows().end(), nearer)->key;
}

bool is_elsewhere(std::string_view key) {
  return key == "debug" || std::any_of(elsewhere.begin(), elsewhere.end(),
                                       [&](auto prefix) { return key.starts_with(prefix); });
}

}  // namespace hauberk::options
