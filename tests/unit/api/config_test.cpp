// The options as a whole: what each key does to the values, what is refused, and with which words.
#include "hauberk/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/option_table.hpp"
#include "api/values.hpp"

namespace hauberk {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::AnyOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* plain = "group.name=g; node.name=n; socket.ssl=no;";
constexpr const char* secured =
    "group.name=g; node.name=n; socket.ssl_cert=c.pem; socket.ssl_key=k.pem; socket.ssl_ca=ca.pem;";

config parsed(const std::string& text) {
  auto made = config::parse(text);
  if (!made) {
    ADD_FAILURE() << text << ": " << made.error().text;
    return config::parse(plain).value();
  }
  return *made;
}

std::string refusal(const std::string& text) {
  const auto made = config::parse(text);
  if (made) return "(accepted)";
  EXPECT_EQ(made.error().code, errc::bad_option);
  EXPECT_EQ(made.error().code, condition::reconfigure);
  EXPECT_EQ(made.error().text.find('\n'), std::string::npos);
  return made.error().text;
}

TEST(Config, Defaults) {
  const config options = parsed(plain);
  const auto& in = options.inside();
  EXPECT_EQ(in.group, "g");
  EXPECT_EQ(in.name, "n");
  EXPECT_EQ(in.address, ":4567");  // others dial the host that they see
  EXPECT_THAT(in.listen, ElementsAre("[::]:4567"));
  EXPECT_THAT(in.peers, IsEmpty());
  EXPECT_EQ(in.replication.keepalive_period, 100ms);
  EXPECT_EQ(in.replication.suspect_timeout, 1s);
  EXPECT_EQ(in.replication.inactive_timeout, 5s);
  EXPECT_EQ(in.replication.window_bytes, 128U << 20U);
  EXPECT_EQ(in.replication.send_window_bytes, 16U << 20U);
  EXPECT_EQ(in.replication.chunk_bytes, 1U << 20U);
  EXPECT_EQ(in.compression, wire::compression{});
  EXPECT_EQ(in.weight, 1);
  EXPECT_FALSE(in.bootstrap);
  EXPECT_TRUE(in.wait_prim);
  EXPECT_EQ(in.wait_prim_timeout, 30s);
  EXPECT_EQ(in.handshake_timeout, 5s);
  EXPECT_EQ(in.sockets.door.pending_max, 64U);
  EXPECT_EQ(in.sockets.door.pending_per_address_max, 8U);
  EXPECT_THAT(options.notes(), IsEmpty());
}

TEST(Config, EveryDefaultThatIsWrittenIsAllowedAndIsTheDefault) {
  const config before = parsed(secured);
  for (const auto& row : options::rows()) {
    if (row.fallback.empty()) continue;
    const std::string pair = std::string(row.key) + "=" + std::string(row.fallback);
    const config after = parsed(secured + pair);
    EXPECT_EQ(after.get(row.key).value(), row.fallback);
    EXPECT_EQ(after.inside().replication.window_bytes, before.inside().replication.window_bytes) << pair;
    EXPECT_EQ(after.inside().replication.send_window_bytes, before.inside().replication.send_window_bytes);
    EXPECT_EQ(after.inside().meshing.retry_max, before.inside().meshing.retry_max);
    EXPECT_EQ(after.inside().sockets.dial_timeout, before.inside().sockets.dial_timeout);
    EXPECT_EQ(after.inside().wait_prim_timeout, before.inside().wait_prim_timeout);
  }
}

TEST(Config, TheGroupNeedsAName) {
  EXPECT_THAT(refusal("socket.ssl=no"), HasSubstr("group.name is missing"));
  EXPECT_THAT(refusal("group.name=; socket.ssl=no"), HasSubstr("option group.name= is not allowed"));
  EXPECT_THAT(refusal("socket.ssl=no; group.name=" + std::string(256, 'x')), HasSubstr("1 to 255 bytes"));
  EXPECT_NE(parsed("group.name=g; socket.ssl=no").inside().name, "");
}

TEST(Config, OtherNames) {
  EXPECT_EQ(parsed("gmcast.group=x; socket.ssl=no").inside().group, "x");
  const config options = parsed("wsrep_cluster_name=y; base_dir=/tmp; socket.ssl=no");
  EXPECT_EQ(options.inside().group, "y");
  EXPECT_EQ(options.get("gmcast.group").value(), "y");
  EXPECT_EQ(options.get("group.name").value(), "y");
  EXPECT_EQ(options.inside().state_dir, "/tmp");
}

TEST(Config, Addresses) {
  auto in =
      parsed(std::string(plain) + "gmcast.listen_addr=tcp://127.0.0.1:4001; gmcast.peers=db2, db3:9,[::1]:7")
          .inside();
  EXPECT_THAT(in.listen, ElementsAre("127.0.0.1:4001"));
  EXPECT_EQ(in.sockets.listen, in.listen);
  EXPECT_EQ(in.address, "127.0.0.1:4001");
  EXPECT_THAT(in.peers, ElementsAre("db2:4567", "db3:9", "[::1]:7"));
  EXPECT_EQ(in.meshing.seeds, in.peers);

  in = parsed(std::string(plain) + "gmcast.listen_addr=*; base_port=99; gmcast.peers=ssl://a,[fe80::1]")
           .inside();
  EXPECT_THAT(in.listen, ElementsAre("[::]:99"));
  EXPECT_THAT(in.peers, ElementsAre("a:99", "[fe80::1]:99"));
  EXPECT_EQ(in.address, ":99");

  in = parsed(std::string(plain) + "gmcast.listen_addr=0.0.0.0:5,[::1]:6; base_host=db1").inside();
  EXPECT_THAT(in.listen, ElementsAre("0.0.0.0:5", "[::1]:6"));
  EXPECT_EQ(in.address, "db1:5");

  EXPECT_EQ(parsed(std::string(plain) + "node.address=db1").inside().address, "db1:4567");
  EXPECT_EQ(parsed(std::string(plain) + "node.address=[::5]:8").inside().address, "[::5]:8");
  EXPECT_EQ(parsed(std::string(plain) + "base_host=::5").inside().address, "[::5]:4567");

  for (const char* bad :
       {"gmcast.listen_addr=", "gmcast.listen_addr=::1:4567", "gmcast.peers=a:0", "gmcast.peers=*",
        "gmcast.peers=a:99999", "gmcast.peers=http://a", "base_port=0", "base_host=a:1", "node.address=:1"})
    EXPECT_THAT(refusal(plain + std::string(bad)), AllOf(HasSubstr(bad), HasSubstr("is not allowed"))) << bad;
}

TEST(Config, ClusterAddress) {
  const config options = parsed(
      std::string(plain) + "wsrep_cluster_address=gcomm://a,[::1]:2?pc.weight=3&evs.suspect_timeout=PT2S");
  EXPECT_THAT(options.inside().peers, ElementsAre("a:4567", "[::1]:2"));
  EXPECT_EQ(options.inside().weight, 3);
  EXPECT_EQ(options.inside().replication.suspect_timeout, 2s);
  EXPECT_EQ(options.get("gmcast.peers").value(), "a,[::1]:2");

  const config empty = parsed(std::string(plain) + "gmcast.peers=gcomm://");
  EXPECT_FALSE(empty.inside().bootstrap);
  EXPECT_THAT(empty.notes(), ElementsAre(HasSubstr("pc.bootstrap=yes does")));

  EXPECT_THAT(refusal(std::string(plain) + "gmcast.peers=gcomm://a?b"), HasSubstr("gcomm://host:port"));
  EXPECT_THAT(refusal(std::string(plain) + "gmcast.peers=gcomm://a?pc.weigt=1"), HasSubstr("'pc.weight'"));
  EXPECT_THAT(refusal(std::string(plain) + "gmcast.peers=gcomm://a?gmcast.peers=gcomm:%2F%2Fb"),
              HasSubstr("cannot stand in"));
}

TEST(Config, UnknownKeys) {
  EXPECT_EQ(refusal(std::string(plain) + "socket.ssl_crt=x"),
            "unknown option 'socket.ssl_crt': did you mean 'socket.ssl_cert'?");
  EXPECT_THAT(refusal(std::string(plain) + "nodename=x"), HasSubstr("'node.name'"));
  EXPECT_THAT(refusal(std::string(plain) + "evs.suspect_timeot=PT1S"), HasSubstr("'evs.suspect_timeout'"));
  EXPECT_THAT(refusal(std::string(plain) + "pc.wieght=1"), HasSubstr("'pc.weight'"));
}

TEST(Config, OtherSubsystemsOptionsAreNotedOnce) {
  const config options = parsed(std::string(plain) +
                                "evs.install_timeout=PT5S; gcache.dir=/x; cert.log_conflicts=no; debug=no;"
                                "gcs.fc_factor=1; ist.recv_addr=a; repl.proto_max=10; protonet.backend=asio;"
                                "pc.linger=PT20S; gcache.dir=/y; gmcast.mcast_ttl=1");
  EXPECT_EQ(options.notes().size(), 10U);
  EXPECT_THAT(options.notes(), Contains("option gcache.dir: not needed here, ignored"));
}

// What `show variables like 'wsrep_provider_options'` of a stock node prints has to keep working.
TEST(Config, AGaleraLineIsAccepted) {
  const config options = parsed(
      "base_dir = /var/lib/mysql/; base_host = 10.0.0.1; base_port = 4567; cert.log_conflicts = no; "
      "cert.optimistic_pa = yes; debug = no; evs.auto_evict = 0; evs.causal_keepalive_period = PT1S; "
      "evs.debug_log_mask = 0x1; evs.delay_margin = PT1S; evs.delayed_keep_period = PT30S; "
      "evs.inactive_check_period = PT0.5S; evs.inactive_timeout = PT15S; evs.info_log_mask = 0; "
      "evs.install_timeout = PT7.5S; evs.join_retrans_period = PT1S; evs.keepalive_period = PT1S; "
      "evs.max_install_timeouts = 3; evs.send_window = 4; evs.stats_report_period = PT1M; "
      "evs.suspect_timeout = PT5S; evs.use_aggregate = true; evs.user_send_window = 2; evs.version = 1; "
      "evs.view_forget_timeout = P1D; gcache.dir = /var/lib/mysql/; gcache.keep_pages_size = 0; "
      "gcache.name = galera.cache; gcache.page_size = 128M; gcache.recover = yes; gcache.size = 128M; "
      "gcs.fc_debug = 0; gcs.fc_factor = 1.0; gcs.fc_limit = 16; gcs.fc_master_slave = no; "
      "gcs.max_packet_size = 64500; gcs.max_throttle = 0.25; gcs.recv_q_hard_limit = 9223372036854775807; "
      "gcs.recv_q_soft_limit = 0.25; gcs.sync_donor = no; gmcast.listen_addr = ssl://0.0.0.0:4567; "
      "gmcast.mcast_addr = ; gmcast.mcast_ttl = 1; gmcast.peer_timeout = PT3S; gmcast.segment = 0; "
      "gmcast.time_wait = PT5S; gmcast.version = 0; pc.announce_timeout = PT3S; pc.checksum = false; "
      "pc.ignore_quorum = false; pc.ignore_sb = false; pc.linger = PT20S; pc.npvo = false; pc.recovery = "
      "true; "
      "pc.version = 0; pc.wait_prim = true; pc.wait_prim_timeout = PT30S; pc.weight = 1; "
      "protonet.backend = asio; protonet.version = 0; repl.causal_read_timeout = PT30S; "
      "repl.commit_order = 3; repl.key_format = FLAT8; repl.max_ws_size = 2147483647; repl.proto_max = 11; "
      "socket.checksum = 2; socket.recv_buf_size = auto; socket.send_buf_size = auto; "
      "socket.ssl = yes; socket.ssl_cert = c.pem; socket.ssl_key = k.pem; socket.ssl_ca = a.pem; "
      "socket.ssl_compression = YES; socket.ssl_cipher = ; socket.ssl_reload = 0; gmcast.group = pxc;");
  const auto& in = options.inside();
  EXPECT_EQ(in.address, "10.0.0.1:4567");
  EXPECT_EQ(in.replication.suspect_timeout, 5s);
  EXPECT_EQ(in.replication.send_window_bytes, 64U << 10U);
  EXPECT_EQ(in.replication.chunk_bytes, 64500U);
  EXPECT_EQ(in.compression.how, wire::algorithm::lz4);
  EXPECT_TRUE(in.encrypted);
  EXPECT_THAT(options.notes(), Contains("option evs.send_window=4: raised to 64K"));
}

TEST(Config, TlsOrPlaintextMustBeDecided) {
  EXPECT_THAT(refusal("group.name=g"), AllOf(HasSubstr("socket.ssl_cert"), HasSubstr("socket.ssl=no")));
  EXPECT_TRUE(parsed(secured).inside().encrypted);
  EXPECT_EQ(parsed(secured).get("socket.ssl").value(), "yes");
  EXPECT_FALSE(parsed(plain).inside().encrypted);
  EXPECT_EQ(parsed(plain).get("socket.ssl").value(), "no");
  EXPECT_THAT(refusal("group.name=g; socket.ssl=yes"), HasSubstr("socket.ssl_cert is missing"));
  EXPECT_THAT(refusal("group.name=g; socket.ssl_cert=c"), HasSubstr("socket.ssl_key is missing"));
  const config off = parsed(std::string(secured) + "socket.ssl=no");
  EXPECT_FALSE(off.inside().encrypted);
  EXPECT_THAT(off.notes(), ElementsAre(HasSubstr("nothing is encrypted")));
  EXPECT_THAT(refusal(std::string(plain) + "gmcast.listen_addr=ssl://0.0.0.0:1"), HasSubstr("socket.ssl=no"));
}

TEST(Config, Security) {
  const auto in =
      parsed(
          std::string(secured) +
          "socket.ssl_password_file=p; socket.ssl_cipher=ECDHE-RSA-AES128-GCM-SHA256; "
          "socket.ssl_min_version=1.2; socket.ssl_max_version=TLSv1.3; socket.ssl_groups=X25519; "
          "socket.ssl_watch=yes; socket.ssl_profile=Strict; socket.ssl_identity=ca; socket.ssl_crl=crl.pem")
          .inside()
          .security;
  EXPECT_EQ(in.cert_file, "c.pem");
  EXPECT_EQ(in.key_file, "k.pem");
  EXPECT_EQ(in.ca_file, "ca.pem");
  EXPECT_EQ(in.password_file, "p");
  EXPECT_EQ(in.ciphers, "ECDHE-RSA-AES128-GCM-SHA256");
  EXPECT_EQ(in.min_version, "1.2");
  EXPECT_EQ(in.max_version, "1.3");
  EXPECT_EQ(in.groups, "X25519");
  EXPECT_EQ(in.rules, tls::profile::strict);
  EXPECT_EQ(in.identity, "ca");
  EXPECT_EQ(in.crl_file, "crl.pem");
  EXPECT_THAT(refusal(std::string(secured) + "socket.ssl_min_version=1.3; socket.ssl_max_version=1.2"),
              HasSubstr("above socket.ssl_max_version=1.2"));
  EXPECT_THAT(refusal(std::string(secured) + "socket.ssl_min_version=1.1"), HasSubstr("1.2 or 1.3"));
}

TEST(Config, HowLongKeysAreUsed) {
  const auto limits = [](const std::string& text) {
    return parsed(std::string(secured) + "socket.ssl_rekey=" + text).inside().security.rekey;
  };
  EXPECT_EQ(limits("4194304,1h"), tls::rekey_limits{});
  EXPECT_EQ(limits(""), tls::rekey_limits{});
  EXPECT_EQ(limits("1000"), (tls::rekey_limits{1000, 0, 1h}));
  EXPECT_EQ(limits("64G"), (tls::rekey_limits{1U << 22U, std::uint64_t{64} << 30U, 1h}));
  EXPECT_EQ(limits("PT10M, 1M, 5"), (tls::rekey_limits{5, 1U << 20U, 10min}));
  for (const char* bad : {"0", "16777217", "1K", "500ms", "25h", "soon", "1h,never"})
    EXPECT_THAT(refusal(std::string(secured) + "socket.ssl_rekey=" + bad), HasSubstr("records")) << bad;
}

TEST(Config, IdentityRulesAreCheckedAtOnce) {
  const std::string pin(64, 'a');
  for (const std::string text : {"name", "ca", "list:db1, db2,spiffe://g/db3", "pin:"}) {
    const std::string whole = text == "pin:" ? text + pin : text;
    EXPECT_EQ(parsed(std::string(secured) + "socket.ssl_identity=" + whole).inside().security.identity,
              whole);
  }
  for (const char* bad : {"dns", "list:", "list:a,,b", "list:*.example.org", "pin:00", "pin:", "Name"})
    EXPECT_THAT(refusal(std::string(secured) + "socket.ssl_identity=" + bad),
                HasSubstr("socket.ssl_identity=" + std::string(bad)))
        << bad;
}

TEST(Config, Compression) {
  const struct {
    const char* text;
    wire::algorithm how;
    int level;
  } cases[] = {{"none", wire::algorithm::none, 0},  {"no", wire::algorithm::none, 0},
               {"yes", wire::algorithm::lz4, 0},    {"lz4", wire::algorithm::lz4, 0},
               {"zstd", wire::algorithm::zstd, 0},  {"ZSTD:19", wire::algorithm::zstd, 19},
               {"zstd:1", wire::algorithm::zstd, 1}};
  for (const auto& one : cases) {
    const auto in =
        parsed(std::string(plain) + "socket.compression_min=1K; socket.ssl_compression=" + one.text).inside();
    EXPECT_EQ(in.compression, (wire::compression{one.how, one.level, 1024})) << one.text;
  }
  for (const char* bad : {"zlib", "zstd:0", "zstd:20", "zstd:", "lz4:1", ""})
    EXPECT_THAT(refusal(std::string(plain) + "socket.ssl_compression=" + bad), HasSubstr("zstd:19")) << bad;
}

TEST(Config, HowFarAnApplicationMayBeBehind) {
  const auto in_bytes =
      parsed(std::string(plain) + "gcs.fc_limit=32M; gcs.fc_policy=Demote").inside().replication;
  EXPECT_EQ(in_bytes.backlog_bytes_max, 32U << 20U);
  EXPECT_EQ(in_bytes.backlog_entries_max, 0U);
  EXPECT_EQ(in_bytes.policy, replica::flow_policy::demote);
  const auto in_entries = parsed(std::string(plain) + "gcs.fc_limit=16").inside().replication;
  EXPECT_EQ(in_entries.backlog_bytes_max, 64U << 20U);
  EXPECT_EQ(in_entries.backlog_entries_max, 16U);
  EXPECT_EQ(in_entries.policy, replica::flow_policy::throttle);
  EXPECT_THAT(refusal(std::string(plain) + "gcs.fc_limit=0"), HasSubstr("a number of messages"));
}

TEST(Config, WhatIgnoringWouldWeakenIsRefused) {
  for (const char* text : {"socket.ssl=permissive", "socket.dynamic=true"})
    EXPECT_THAT(refusal(std::string(secured) + text), AllOf(HasSubstr(text), HasSubstr("no node alone is")))
        << text;
  EXPECT_THAT(refusal(std::string(secured) + "gmcast.isolate=1"), HasSubstr("not supported yet"));
  for (const char* text : {"pc.ignore_sb=yes", "pc.ignore_quorum=true"})
    EXPECT_THAT(refusal(std::string(plain) + text), AllOf(HasSubstr(text), HasSubstr("quorum"))) << text;
  EXPECT_THAT(parsed(std::string(plain) + "pc.ignore_sb=no; gmcast.isolate=0; socket.ssl_crl=").notes(),
              IsEmpty());
}

TEST(Config, WhoIsAllowed) {
  EXPECT_EQ(parsed(std::string(plain) + "gmcast.allowed=").inside().sockets.door.allowed, nullptr);
  const auto list =
      parsed(std::string(plain) + "gmcast.allowed=10.0.0.0/8, db1").inside().sockets.door.allowed;
  ASSERT_NE(list, nullptr);
  EXPECT_TRUE(list->allows("10.9.8.7", {"db2"}));
  EXPECT_FALSE(list->allows("11.9.8.7", {"db2"}));
  EXPECT_THAT(refusal(std::string(plain) + "gmcast.allowed=10.0.0.0/40"), HasSubstr("0 to 32"));
  const auto door = parsed(std::string(plain) + "handshake.pending_max=800").inside().sockets.door;
  EXPECT_EQ(door.pending_per_address_max, 100U) << "the same share of more";
}

TEST(Config, WhatHasNoEffectYetIsNoted) {
  for (const char* text : {"evs.auto_evict=3", "gmcast.segment=1", "socket.ssl_reload=1"})
    EXPECT_THAT(parsed(std::string(secured) + text).notes(), ElementsAre(HasSubstr(text))) << text;
}

TEST(Config, BadValuesNameKeyValueAndWhatIsAllowed) {
  const struct {
    const char *text, *allowed;
  } cases[] = {
      {"evs.keepalive_period=fast", "a duration"},
      {"evs.suspect_timeout=0", "a duration"},
      {"evs.suspect_timeout=5", "a duration"},
      {"evs.inactive_timeout=PT2H", "1ms to 1h"},
      {"pc.weight=256", "0 to 255"},
      {"pc.weight=-1", "0 to 255"},
      {"pc.bootstrap=maybe", "yes, no"},
      {"gcache.size=1K", "256K"},
      {"gcs.max_packet_size=5M", "1K to 4M"},
      {"repl.max_ws_size=4G", "2147483647"},
      {"repl.max_ws_size=0", "2147483647"},
      {"io.threads=0", "1 to 256"},
      {"socket.checksum=3", "0, 1 or 2"},
      {"socket.recv_buf_size=big", "auto"},
      {"handshake.pending_max=0", "1 to 65535"},
      {"gmcast.segment=256", "0 to 255"},
      {"gcs.fc_policy=panic", "throttle, demote or evict"},
      {"evs.send_window=0", "above 0"},
      {"evs.send_window=256M", "at most gcache.size=128M"},
      {"evs.suspect_timeout=PT0.2S", "three times evs.keepalive_period=PT0.1S"},
      {"evs.inactive_timeout=PT0.5S", "at least evs.suspect_timeout=PT1S"},
  };
  for (const auto& one : cases)
    EXPECT_THAT(refusal(std::string(plain) + one.text), AllOf(HasSubstr(one.text), HasSubstr(one.allowed)));
}

TEST(Config, Windows) {
  EXPECT_EQ(parsed(std::string(plain) + "gcache.size=1M").inside().replication.send_window_bytes,
            256U << 10U);
  EXPECT_EQ(parsed(std::string(plain) + "gcache.size=1M").get("evs.send_window").value(), "262144");
  const auto in = parsed(std::string(plain) + "gcache.size=1M; evs.send_window=1M").inside();
  EXPECT_EQ(in.replication.send_window_bytes, 1U << 20U);
}

TEST(Config, Timing) {
  const auto in = parsed(std::string(plain) +
                         "gmcast.peer_timeout=7s; gmcast.time_wait=20ms; handshake.timeout=2s; "
                         "pc.wait_prim=no; pc.wait_prim_timeout=1h; handshake.pending_max=4")
                      .inside();
  EXPECT_EQ(in.sockets.dial_timeout, 7s);
  EXPECT_EQ(in.replication.peer_timeout, 7s);
  EXPECT_EQ(in.meshing.retry_max, 20ms);
  EXPECT_LE(in.meshing.retry_min, in.meshing.retry_max);
  EXPECT_EQ(in.handshake_timeout, 2s);
  EXPECT_FALSE(in.wait_prim);
  EXPECT_EQ(in.wait_prim_timeout, 1h);
  EXPECT_EQ(in.sockets.door.pending_max, 4U);
  EXPECT_EQ(in.sockets.door.pending_per_address_max, 4U);
}

TEST(Config, TheLastOfTwoCounts) {
  const config options = parsed(std::string(plain) + "pc.weight=2; pc.weight=3");
  EXPECT_EQ(options.inside().weight, 3);
  EXPECT_EQ(options.get("pc.weight").value(), "3");
}

TEST(Config, Get) {
  const config options = parsed(secured);
  for (const auto& row : options::rows()) EXPECT_TRUE(options.get(row.key)) << row.key;
  EXPECT_EQ(options.get("evs.suspect_timeout").value(), "PT1S");
  EXPECT_EQ(options.get("gmcast.listen_addr").value(), "[::]:4567");
  EXPECT_EQ(options.get("socket.ssl_key").value(), "k.pem");
  EXPECT_THAT(options.get("pc.wait_prm").error().text, HasSubstr("'pc.wait_prim'"));
}

}  // namespace
}  // namespace hauberk
