// Who gets in, and what both sides are told when somebody does not.
#include <fstream>

#include "harness.hpp"

namespace hauberk::link::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Both sides refuse; their words, dialler's first.
std::pair<std::string, std::string> refused(const settings& dialler, const settings& listener) {
  pair both(dialler, listener);
  both.settle();
  EXPECT_TRUE(both.at_dialler.ups.empty());
  EXPECT_TRUE(both.at_listener.ups.empty());
  EXPECT_EQ(both.at_dialler.downs.size(), 1U);
  EXPECT_EQ(both.at_listener.downs.size(), 1U);
  EXPECT_TRUE(both.dialler.is_down() && both.listener.is_down());
  for (const auto& heard : {both.at_dialler, both.at_listener}) {
    EXPECT_FALSE(heard.downs.empty() || heard.downs.front().was_up);
    EXPECT_EQ(heard.text().find('\n'), std::string::npos);
  }
  return {both.at_dialler.text(), both.at_listener.text()};
}

class greeting : public ::testing::TestWithParam<bool> {
 public:
  settings make(const std::string& name) { return GetParam() ? secured(name) : node(name); }
};
INSTANTIATE_TEST_SUITE_P(links, greeting, ::testing::Bool(),
                         [](const auto& which) { return which.param ? "tls" : "plain"; });

TEST_P(greeting, both_come_up_and_know_each_other) {
  const auto a = make("db1"), b = make("db2");
  pair both(a, b);
  both.settle();
  ASSERT_EQ(both.at_dialler.ups.size(), 1U) << both.at_dialler.text();
  ASSERT_EQ(both.at_listener.ups.size(), 1U) << both.at_listener.text();
  EXPECT_TRUE(both.at_dialler.ups[0].peer == b.mine);
  EXPECT_TRUE(both.at_listener.ups[0].peer == a.mine);
  EXPECT_EQ(both.at_dialler.ups[0].version, GetParam() ? "TLSv1.3" : "none");
  EXPECT_EQ(both.at_dialler.ups[0].certificate.has_value(), GetParam());
  EXPECT_TRUE(both.dialler.is_up() && both.listener.is_up());
  EXPECT_EQ(both.dialler.next_deadline(), GetParam() ? start + std::chrono::hours(1) : base::never)
      << "only the keys have an age";
}

TEST_P(greeting, a_visitor_needs_no_policy_but_the_group) {
  auto visitor = make("db1");
  visitor.mine.is_visitor = true;
  visitor.mine.policy_digest = "another";
  pair both(visitor, make("db2"));
  both.settle();
  ASSERT_EQ(both.at_listener.ups.size(), 1U) << both.at_listener.text();
  EXPECT_TRUE(both.at_listener.ups[0].peer.is_visitor);
  EXPECT_EQ(both.at_dialler.ups.size(), 1U);
  visitor.mine.group = "other";
  EXPECT_THAT(refused(visitor, make("db2")).first, HasSubstr("group.name"));
}

TEST_P(greeting, slices_make_no_difference) {
  base::random dice(1);
  pair both(make("db1"), make("db2"));
  both.settle_in_slices(dice, 3);
  EXPECT_EQ(both.at_dialler.ups.size(), 1U);
  EXPECT_EQ(both.at_listener.ups.size(), 1U);
}

TEST_P(greeting, the_dialler_is_up_only_once_it_was_accepted) {
  pair both(make("db1"), make("db2"));
  // All that the dialling side can say before it hears the listening side's hello.
  for (int i = 0; i < 3 && !both.listener.is_up(); ++i) {
    while (move_once(both.dialler, both.listener)) {
    }
    both.at_listener.drain(both.listener);
    EXPECT_TRUE(both.at_listener.ups.empty());
    EXPECT_FALSE(both.dialler.is_up());
    if (i == 0 && GetParam()) {
      while (move_once(both.listener, both.dialler)) {
      }
      EXPECT_FALSE(both.dialler.is_up()) << "the TLS handshake alone says nothing";
    }
  }
  both.settle();
  EXPECT_TRUE(both.dialler.is_up() && both.listener.is_up());
}

TEST_P(greeting, a_frame_for_the_group_before_the_greeting_is_refused) {
  // A peer that passes TLS, but then says what it likes.
  const auto mine = make("db1");
  const auto evil_says = [&](const std::vector<wire::message>& what) {
    link listener(make("db2"), tls::role::server, "10.0.0.9:1", start);
    auto evil = mine.security ? tls::pipe(*mine.security, tls::role::client) : tls::pipe();
    const auto exchange = [&] {
      for (int i = 0; i < 5; ++i) {
        feed(listener, evil.output());
        evil.output_consumed(evil.output().size());
        const auto answer = listener.output();
        std::copy(answer.begin(), answer.end(), evil.input_space().begin());
        evil.input_filled(answer.size());
        listener.handle_output_written(answer.size());
        EXPECT_TRUE(evil.handshake());
      }
    };
    exchange();
    for (const auto& one : what) {
      const auto frame = wire::encode(one);
      EXPECT_TRUE(evil.write(frame->head.bytes()));
      for (const auto& piece : frame->payload) EXPECT_TRUE(evil.write(piece.bytes()));
    }
    exchange();
    heard said;
    said.drain(listener);
    EXPECT_TRUE(said.messages.empty());
    EXPECT_EQ(said.ups.size(), 0U);
    return said.text();
  };
  const replica::envelope data{1, replica::data{1, 0, 0, {base::buffer::copy("payload")}}};
  EXPECT_THAT(evil_says({data}), HasSubstr("a frame out of turn: expected a hello"));
  EXPECT_THAT(evil_says({mine.mine, data}), HasSubstr("a frame out of turn: expected a welcome"));
  EXPECT_THAT(evil_says({mesh::welcome{}}), HasSubstr("expected a hello"));
  EXPECT_THAT(evil_says({mine.mine, mine.mine}), HasSubstr("expected a welcome"));
  EXPECT_THAT(evil_says({mesh::peers{}}), HasSubstr("expected a hello"));
}

TEST_P(greeting, what_is_sent_before_it_is_over_is_dropped) {
  pair both(make("db1"), make("db2"));
  both.dialler.send(bulk(1, 10));
  both.settle();
  EXPECT_TRUE(both.listener.is_up());
  EXPECT_TRUE(both.at_listener.messages.empty());
}

TEST_P(greeting, group_version_and_policy_differences_are_named_on_both_sides) {
  auto other = make("db2");
  other.mine.group = "other";
  auto [dialler, listener] = refused(make("db1"), other);
  EXPECT_EQ(dialler, "link to db2:4567: the peer says: group.name is 'ledger' here and 'other' there");
  EXPECT_EQ(listener, "link from 10.0.0.1:50000: group.name is 'other' here and 'ledger' there");

  other = make("db2");
  other.mine.protocol_min = 3;
  other.mine.protocol_max = 4;
  std::tie(dialler, listener) = refused(make("db1"), other);
  EXPECT_THAT(dialler, HasSubstr("protocol versions are 1 to 2 here and 3 to 4 there: none in common"));
  EXPECT_THAT(listener, HasSubstr("protocol versions are 3 to 4 here and 1 to 2 there"));

  other = make("db2");
  other.mine.policy_text += "socket.ssl_rekey=X\n";
  other.mine.policy_digest = tls::sha256_hex(other.mine.policy_text);
  auto mine = make("db1");
  mine.mine.policy_text += "socket.ssl_rekey=Y\n";
  mine.mine.policy_digest = tls::sha256_hex(mine.mine.policy_text);
  std::tie(dialler, listener) = refused(mine, other);
  EXPECT_THAT(dialler, HasSubstr("policy differs: socket.ssl_rekey is Y here and X there"));
  EXPECT_THAT(listener, HasSubstr("policy differs: socket.ssl_rekey is X here and Y there"));
}

TEST_P(greeting, the_dialler_refuses_as_well) {
  // The listening side accepts every version of the dialling side's, but not the other way round.
  auto dialler = make("db1"), listener = make("db2");
  dialler.mine.policy_digest = listener.mine.policy_digest;
  listener.mine.process = uuid{};
  const auto [at_dialler, at_listener] = refused(dialler, listener);
  EXPECT_THAT(at_dialler, HasSubstr("one of them is empty"));
  EXPECT_THAT(at_listener, AllOf(HasSubstr("the peer says: "), HasSubstr("one of them is empty")));
}

TEST_P(greeting, a_link_to_itself_is_recognised) {
  const auto self = make("db1");
  const auto [dialler, listener] = refused(self, self);
  EXPECT_THAT(dialler, HasSubstr("this is this node itself"));
  EXPECT_THAT(listener, HasSubstr("this is this node itself"));
}

TEST_P(greeting, has_one_deadline_for_everything) {
  link lonely(make("db1"), tls::role::client, "db2:4567", start);
  EXPECT_EQ(lonely.next_deadline(), start + std::chrono::seconds(5));
  lonely.handle_time(start + std::chrono::milliseconds(4999));
  EXPECT_FALSE(lonely.is_down());
  lonely.handle_time(start + std::chrono::seconds(5));
  heard said;
  said.drain(lonely);
  ASSERT_EQ(said.downs.size(), 1U);
  EXPECT_EQ(said.downs[0].why.code, errc::timed_out);
  EXPECT_THAT(said.text(), AllOf(HasSubstr("db2:4567"), HasSubstr("no greeting within 5 s")));
  // Its last words have their time, too.
  EXPECT_EQ(lonely.next_deadline(), start + std::chrono::seconds(10));
  lonely.handle_time(start + std::chrono::seconds(10));
  EXPECT_TRUE(lonely.output().empty());
  EXPECT_EQ(lonely.next_deadline(), base::never);
}

TEST_P(greeting, an_end_is_told_with_what_was_missing) {
  link lonely(make("db1"), tls::role::server, "10.0.0.9:1", start);
  lonely.handle_end("");
  heard said;
  said.drain(lonely);
  ASSERT_EQ(said.downs.size(), 1U);
  EXPECT_EQ(said.downs[0].why.code, errc::closed);
  EXPECT_FALSE(said.downs[0].told_by_peer);
  EXPECT_THAT(said.text(), HasSubstr(GetParam() ? "in the TLS handshake" : "before its hello came"));
  EXPECT_TRUE(lonely.output().empty());
}

TEST(greeting_plain, both_sides_must_permit_plaintext) {
  auto strict = node("db2");
  strict.mine.permits_plaintext = false;
  const auto [dialler, listener] = refused(node("db1"), strict);
  EXPECT_THAT(dialler, HasSubstr("socket.ssl is required there"));
  EXPECT_THAT(listener, HasSubstr("socket.ssl is required here"));
}

TEST(greeting_tls, a_name_that_is_not_in_the_certificate_is_refused) {
  const auto [dialler, listener] = refused(secured(node("db1"), "db7"), secured("db2"));
  EXPECT_THAT(listener, AllOf(HasSubstr("db1"), HasSubstr("db7"), HasSubstr("10.0.0.1:50000")));
  EXPECT_THAT(dialler, AllOf(HasSubstr("db1"), HasSubstr("db7"), HasSubstr("the peer says")));
  const auto [as_dialler, as_listener] = refused(secured("db1"), secured(node("db2"), "db8"));
  EXPECT_THAT(as_dialler, AllOf(HasSubstr("db2"), HasSubstr("db8")));
  EXPECT_THAT(as_listener, HasSubstr("the peer says"));
}

TEST(greeting_tls, a_foreign_ca_is_refused_and_never_up) {
  hauberk::test::test_ca foreign("foreign-ca");
  const auto stranger = secured(node("db1"), "db1", foreign);
  pair both(stranger, secured("db2"));
  both.settle();
  EXPECT_TRUE(both.at_dialler.ups.empty() && both.at_listener.ups.empty());
  ASSERT_EQ(both.at_dialler.downs.size(), 1U);
  EXPECT_FALSE(both.at_dialler.text().empty());

  // The stranger trusts our CA, too: in TLS 1.3 its handshake succeeds, and only our alert tells it.
  auto files = foreign.node("db1");
  const hauberk::test::temp_dir dir;
  std::ofstream(dir / "both.pem") << std::ifstream(files.ca).rdbuf()
                                  << std::ifstream(authority().files().cert).rdbuf();
  files.ca = dir / "both.pem";
  auto trusting = node("db1");
  trusting.security = load(files);
  pair late(trusting, secured("db2"));
  late.settle();
  EXPECT_TRUE(late.at_dialler.ups.empty() && late.at_listener.ups.empty());
  ASSERT_EQ(late.at_listener.downs.size(), 1U);
  EXPECT_EQ(late.at_listener.downs[0].why.code, errc::bad_certificate);
  ASSERT_EQ(late.at_dialler.downs.size(), 1U);
  EXPECT_TRUE(late.at_dialler.downs[0].told_by_peer) << late.at_dialler.text();
  EXPECT_THAT(late.at_dialler.text(), HasSubstr("the peer refused our certificate"));
}

TEST(greeting_tls, plaintext_and_tls_do_not_mix) {
  pair plain_dials(node("db1"), secured("db2"));
  plain_dials.settle();
  ASSERT_EQ(plain_dials.at_listener.downs.size(), 1U);
  EXPECT_THAT(plain_dials.at_listener.text(), HasSubstr("socket.ssl"));
  EXPECT_TRUE(plain_dials.at_dialler.ups.empty());

  pair tls_dials(secured("db1"), node("db2"));
  tls_dials.settle();
  ASSERT_EQ(tls_dials.at_listener.downs.size(), 1U);
  EXPECT_THAT(tls_dials.at_listener.text(), HasSubstr("socket.ssl=no"));
  EXPECT_TRUE(tls_dials.at_dialler.ups.empty());
}

TEST(greeting_plain, garbage_is_refused_with_words) {
  for (const std::string_view garbage :
       {"GET / HTTP/1.1\r\n\r\n", "SSH-2.0-OpenSSH_9.2\r\n", "\x0A\xFF\xFF\xFF\x7F", "\x0A\x02\xFF\xFF",
        "\x0A\x02\x38\x01", "\x01\x02\x03\x04"}) {
    link listener(node("db2"), tls::role::server, "10.0.0.9:1", start);
    feed(listener, garbage);
    heard said;
    said.drain(listener);
    ASSERT_EQ(said.downs.size(), 1U);
    EXPECT_EQ(said.downs[0].why.code, errc::refused);
    EXPECT_THAT(said.text(), HasSubstr("link from 10.0.0.9:1: "));
    EXPECT_LT(listener.output().size(), 2000U);
  }
}

TEST(greeting_plain, a_long_frame_before_the_greeting_is_refused_when_announced) {
  link listener(node("db2"), tls::role::server, "10.0.0.9:1", start);
  feed(listener, std::string_view("\x0A\x81\x80\x04", 4));
  heard said;
  said.drain(listener);
  EXPECT_THAT(said.text(), HasSubstr("at most 65536 bytes here, got 65537"));
}

TEST(greeting_plain, words_of_a_stranger_are_fit_for_a_log) {
  link listener(node("db2"), tls::role::server, "10.0.0.9:1", start);
  const auto evil = wire::encode(mesh::goodbye{7, "line\nbreak \x1b[31m"});
  feed(listener, evil->head.bytes());
  heard said;
  said.drain(listener);
  ASSERT_EQ(said.downs.size(), 1U);
  EXPECT_TRUE(said.downs[0].told_by_peer);
  EXPECT_EQ(said.text(), "link from 10.0.0.9:1: the peer says: line?break ?[31m");
}

}  // namespace
}  // namespace hauberk::link::testing
