// A peer with a good certificate and a good greeting that lies afterwards. What no node ever sends ends its
// link, is counted and told once; what might be said by somebody, sometime, is ignored where it is not true.
// The members are the same afterwards, and so is their order.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstring>

#include "loopback/hostile/target.hpp"
#include "loopback/net/party.hpp"
#include "loopback/net/raw_socket.hpp"
#include "mesh/mesh.hpp"
#include "unit/tls/authority.hpp"

namespace hauberk::test {
namespace {

using net::test::character;
using net::test::party;
using replica::envelope;

class Liars : public HostileTest {
 protected:
  void SetUp() override {
    ASSERT_NO_FATAL_FAILURE(begin());
    const node_files files = is_plain_ ? node_files() : ca_.node("db9");
    character who = is_plain_ ? net::test::plain_member("db9") : net::test::member("db9", files);
    who.group = "test";
    const mesh::hello says = hello_of("db9", files);
    liar_ = std::make_unique<party>(who);
    hauberk::link::face shown = net::test::face_of(who, says.policy_digest);
    shown.mine.policy_text = says.policy_text;
    liar_->use(shown, std::nullopt);
    liar_->on_message = [this](net::connection_id, wire::message& heard) {
      const std::lock_guard hold(mutex_);
      heard_.push_back(heard);
    };
  }
  void TearDown() override { liar_.reset(); }

  net::connection_id dial() {
    liar_->wire().dial(++token_, "127.0.0.1:" + std::to_string(target_port_));
    const net::connection_id id = mesh::id_of_dial(token_);
    EXPECT_TRUE(liar_->wait([&] { return liar_->links[id].is_up; })) << words_.said();
    return id;
  }
  void say(net::connection_id id, const wire::message& what) { liar_->send(id, wire::encode(what)); }
  /// Bytes as they are, in the place of a frame.
  void say_bytes(net::connection_id id, std::string_view bytes) {
    auto made = std::make_shared<wire::encoded>(*wire::encode(mesh::welcome{}));
    made->head = base::buffer::copy(bytes);
    made->bytes = bytes.size();
    liar_->send(id, made);
  }
  /// The node ends the link, once, in these words, and counts it.
  void expect_dropped(net::connection_id id, const std::string& words) {
    ASSERT_TRUE(liar_->wait([&] { return liar_->links[id].is_down; })) << words;
    EXPECT_NE(liar_->look(id).end->why.text.find(words), std::string::npos) << liar_->look(id).end->why.text;
    EXPECT_TRUE(eventually([&] { return (*nodes_[0])->metrics().links_dropped == dropped_ + 1; }));
    ++dropped_;
    EXPECT_EQ(count_said("db1 1 dropped a link from 127.0.0.1"), dropped_) << words_.said();
  }
  [[nodiscard]] view now() { return *(*nodes_[0])->current_view(); }
  static uuid process_of(const view& in, const std::string& name) {
    return parse_uuid(std::ranges::find(in.members, name, &member::name)->id).value();
  }

  std::unique_ptr<party> liar_;
  std::uint64_t token_ = 0;
  std::size_t dropped_ = 0;
  std::mutex mutex_;
  std::vector<wire::message> heard_;
};

TEST_F(Liars, WhatNoNodeSendsEndsTheLink) {
  auto id = dial();
  say(id, hello_of("db9", ca_.node("db9")));
  expect_dropped(id, "a second greeting");
  id = dial();
  say(id, mesh::welcome{});
  expect_dropped(id, "a second greeting");
  id = dial();
  say_bytes(id, std::string("\x0a\xff\xff\xff\xff\x0f", 6));  // a frame of 4 GiB
  expect_dropped(id, "frame");
  id = dial();
  say_bytes(id, std::string("\x0a\x03\xff\xff\xff", 5));
  expect_dropped(id, "frame");
  id = dial();
  say_bytes(id, "GET / HTTP/1.1\r\n\r\n");
  expect_dropped(id, "frame");
  liar_.reset();
  expect_undisturbed();
}

TEST_F(Liars, ABombIsNotUnpacked) {
  // A run that says it is 4 MiB and a byte in one small block, and one whose block is longer than it says.
  replica::data much;
  much.first = 1;
  much.payloads = {base::buffer::copy(std::string(1U << 20U, 'x'))};
  const auto frame = wire::encode(envelope{1, much}, {wire::algorithm::zstd, 1, 512});
  std::string bytes;
  const auto head = frame->head.bytes();
  bytes.append(reinterpret_cast<const char*>(head.data()), head.size());
  for (const auto& piece : frame->payload)
    bytes.append(reinterpret_cast<const char*>(piece.bytes().data()), piece.size());
  ASSERT_LT(bytes.size(), 4096U);
  const std::string said("\x80\x80\x40", 3);  // 1 MiB as a varint
  const auto at = bytes.find(said);
  ASSERT_NE(at, std::string::npos);
  for (const std::string& lie : {std::string("\xff\xff\x7f", 3), std::string("\x81\x80\x00", 3)}) {
    const auto id = dial();
    std::string bomb = bytes;
    bomb.replace(at, 3, lie);
    say_bytes(id, bomb);
    expect_dropped(id, "");
  }
  liar_.reset();
  expect_undisturbed();
}

TEST_F(Liars, AFloodOfNewKeysEndsTheLink) {
  const node_files files = ca_.node("db8");
  const auto ours = tls::context::load(files.settings(), std::time(nullptr), {});
  ASSERT_TRUE(ours);
  tls::pipe pipe(*ours, tls::role::client);
  net::test::raw_socket line("127.0.0.2");
  ASSERT_TRUE(line.connect(target_port_));
  const auto send_all = [&] {
    while (pipe.output_size() > 0) {
      const auto bytes = pipe.output();
      line.send({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
      pipe.output_consumed(bytes.size());
    }
  };
  for (;;) {
    const auto done = pipe.handshake();
    ASSERT_TRUE(done) << done.error().text;
    send_all();
    if (*done) break;
    const std::string got = line.read_some();
    ASSERT_FALSE(got.empty());
    std::memcpy(pipe.input_space().data(), got.data(), got.size());
    pipe.input_filled(got.size());
  }
  for (const wire::message& what : {wire::message(hello_of("db8", files)), wire::message(mesh::welcome{})})
    ASSERT_TRUE(pipe.write(wire::encode(what)->head.bytes()));
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(pipe.renew_keys());
    send_all();
  }
  EXPECT_TRUE(eventually([&] { return (*nodes_[0])->metrics().links_dropped == 1; })) << words_.said();
  EXPECT_EQ(count_said("dropped a link from 127.0.0.2"), 1U) << words_.said();
  EXPECT_GT(count_said(" times in a row without sending anything"), 0U) << words_.said();
  line.close();
  liar_.reset();
  expect_undisturbed();
}

TEST_F(Liars, AClockThatIsWrongIsTold) {
  const node_files files = ca_.node("db9");
  character who = net::test::member("db9", files);
  who.group = "test";
  hauberk::link::face shown = net::test::face_of(who, hello_of("db9", files).policy_digest);
  shown.mine.clock = std::time(nullptr) - 75;
  liar_->use(shown, std::nullopt);
  (void)dial();
  EXPECT_TRUE(eventually([&] { return count_said("db1 1 the clock of db9 is 7") == 1; })) << words_.said();
  EXPECT_EQ(count_said("the clock of db2"), 0U);
  shown.mine.clock = std::numeric_limits<std::int64_t>::max();
  liar_->use(shown, std::nullopt);
  (void)dial();
  EXPECT_TRUE(eventually([&] { return count_said(" s ahead of ours") == 1; })) << words_.said();
  liar_.reset();
  expect_undisturbed();
}

TEST_F(Liars, WhoPassesOnForAnotherLosesTheLink) {
  const view truth = now();
  replica::data spoofed;
  spoofed.first = 1;
  spoofed.payloads = {base::buffer::copy("spoofed")};
  const auto id = dial();
  say(id, envelope{1, spoofed, {process_of(truth, "db2"), process_of(truth, "db3")}});
  ASSERT_TRUE(liar_->wait([&] { return liar_->links[id].is_down; }));
  EXPECT_THAT(liar_->look(id).end->why.text, testing::HasSubstr("it relays for another than itself"));
  EXPECT_GT((*nodes_[0])->metrics().refused_messages, 0U);
  EXPECT_EQ(count_said("db1 1 db1: refused a message of db9"), 1U) << words_.said();
  liar_.reset();
  expect_undisturbed();
}

// Somebody who is no member says what only members may say, in their names where the frame lets him.
TEST_F(Liars, WhatOnlyAMemberMaySayChangesNothing) {
  const view truth = now();
  const std::uint64_t epoch = (*nodes_[0])->metrics().epoch;
  auto forged = std::make_shared<replica::view>();
  forged->history = truth.history;
  forged->number = truth.number + 1;
  forged->protocol = 1;
  replica::member me;
  me.name = "db9";
  me.seat.process = process_of(truth, "db1");
  me.seat.number = 1;
  me.weight = 200;
  forged->members = {me};
  std::vector<wire::message> lies;
  for (const std::uint64_t at : {std::uint64_t{0}, epoch, epoch + 1, epoch + 1000, ~std::uint64_t{0}}) {
    if (at != epoch) lies.emplace_back(envelope{1, replica::held{at, 1U << 30U, 1U << 30U, 1U << 30U}});
    lies.emplace_back(envelope{1, replica::order{at, 1, 0, at, {replica::order_view{forged}}}});
    lies.emplace_back(envelope{1, replica::vote_request{at, false, true, at, 1U << 30U}});
    lies.emplace_back(envelope{1, replica::vote{at, false, true}});
    lies.emplace_back(envelope{1, replica::vote{at, false, false}});
  }
  replica::data spoofed;
  spoofed.first = 1;
  spoofed.payloads = {base::buffer::copy("spoofed")};
  lies.emplace_back(envelope{1, spoofed});
  lies.emplace_back(mesh::visitor_request{"socket.ssl_rekey=1000", false, true});
  lies.emplace_back(mesh::member_report{process_of(truth, "db2"), "db2", "CN=other", {}, "", 0, {}});
  lies.emplace_back(mesh::peers{{{process_of(truth, "db2"), "db2", "127.0.0.1:1"}}});
  const auto id = dial();
  replica::beat mine;  // or nobody listens to what it says of this history
  mine.number = 1;
  mine.history = truth.history;
  mine.view_number = truth.number;
  say(id, envelope{1, mine});
  for (const auto& lie : lies) say(id, lie);
  // Replay: what it hears from the group goes back as if its own.
  EXPECT_TRUE(eventually([&] {
    const std::lock_guard hold(mutex_);
    return heard_.size() >= 10;
  }));
  {
    const std::lock_guard hold(mutex_);
    for (const auto& heard : heard_) say(id, heard);
  }
  EXPECT_FALSE(liar_->look(id).is_down) << "then it would not be heard";
  say(id, envelope{1, replica::held{epoch, 1U << 30U, 1U << 30U, 1U << 30U}});  // a leader ends the link
  for (auto& one : nodes_) one->send("meanwhile");
  sent_ += nodes_.size();
  for (auto& one : nodes_) ASSERT_TRUE(one->log().wait_messages(sent_)) << words_.said();
  EXPECT_EQ(now().members.size(), 3U);
  for (const auto& seen : nodes_[2]->log().messages()) EXPECT_NE(seen.text, "spoofed");
  liar_.reset();
  expect_undisturbed();
}

TEST_F(Liars, WhoIsNoMemberHasNoWordOnTheLinks) {
  const view truth = now();
  const auto whole = [&] {
    const auto rows = (*nodes_[0])->links();
    return rows.size() == 6 && std::ranges::all_of(rows, [](const link_row& row) {
             return row.word == link_row::check::agreed && row.encrypted;
           });
  };
  ASSERT_TRUE(eventually(whole)) << words_.said();
  const auto id = dial();
  mesh::link_report lie;
  for (const char* name : {"db1", "db2", "db3"}) {
    mesh::told_link one;  // plaintext, it says
    one.process = process_of(truth, name);
    lie.mine.push_back(one);
  }
  for (int i = 0; i < 100; ++i) say(id, lie);
  // It hears of the links of those that it is linked with: it might be about to join.
  EXPECT_TRUE(eventually([&] {
    const std::lock_guard hold(mutex_);
    return std::ranges::any_of(heard_, [&](const wire::message& heard) {
      const auto* told = std::get_if<mesh::link_report>(&heard);
      return told != nullptr && told->mine.size() == 3;
    });
  }));
  say(id, mesh::welcome{});  // heard after the lies
  expect_dropped(id, "a second greeting");
  EXPECT_TRUE(whole());
  liar_.reset();
  expect_undisturbed();
}

// Of revocation lists a node believes what their CA has signed, and asks for nothing else.
class ListLiars : public Liars {
 protected:
  /// The node asks for the list that the liar announces, and gets this one.
  net::connection_id announce_and_answer(const base::list_id& announced, const base::buffer& list) {
    const auto id = dial();
    say(id, mesh::lists{{announced}});
    EXPECT_TRUE(eventually([&] { return is_asked(); })) << words_.said();
    say(id, mesh::list_answer{list});
    return id;
  }
  bool is_asked() {
    const std::lock_guard hold(mutex_);
    return std::erase_if(heard_, [](const wire::message& one) {
             return std::holds_alternative<mesh::list_request>(one);
           }) != 0;
  }
  static base::buffer der_of(const std::string& file) { return tls::load_lists(file).value().front(); }

  revoker authority_{ca_};
};

TEST_F(ListLiars, ForgedRevocationListsAreInForceNowhere) {
  const auto ours = tls::context::load(ca_.node("db7").settings(), std::time(nullptr), {});
  ASSERT_TRUE(ours);
  const base::buffer real = der_of(authority_.list());
  base::list_id announced = ours->judge_list(real, std::time(nullptr))->id;
  announced.number = std::string(20, '\x7f');
  for (const char* name : {"db1", "db2", "db3"}) authority_.revoke(ca_.node(name).cert);

  test_ca impostor("test-ca");
  revoker forger(impostor);
  for (const base::buffer& list : {base::buffer(), base::buffer::copy("rubbish"), der_of(forger.list())})
    expect_dropped(announce_and_answer(announced, list), "it sent a revocation list that is none");
  // A true one, but not what was announced: it counts, nobody is on it, and the liar is out.
  expect_dropped(announce_and_answer(announced, real), "it announced the revocation list number 7");
  EXPECT_TRUE(eventually([&] { return count_said("revocation list number 1 of CN=test-ca") == 3; }))
      << words_.said();
  liar_.reset();
  expect_undisturbed();
}

// What is in a list that nobody has signed is told to nobody, least of all a megabyte of it.
TEST_F(ListLiars, TheWordsOfAForgedListAreNotRepeated) {
  const auto part = [](char tag, const std::string& inside) {
    const auto size = inside.size();
    std::string made{tag};
    if (size > 0x7f) made += static_cast<char>(size > 0xffff ? 0x83 : size > 0xff ? 0x82 : 0x81);
    for (const unsigned shift : {16U, 8U, 0U})
      if (size >> shift != 0 || shift == 0) made += static_cast<char>(size >> shift & 0xffU);
    return made + inside;
  };
  const std::string rsa =
      part('\x30', part('\x06', "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b") + part('\x05', {}));
  const std::string name = part(
      '\x30',
      part('\x31', part('\x30', part('\x06', "\x55\x04\x03") + part('\x0c', std::string(900000, '\n')))));
  const std::string list = part('\x30', part('\x30', rsa + name + part('\x17', "260101000000Z")) + rsa +
                                            part('\x03', std::string(9, '\0')));
  const auto ours = tls::context::load(ca_.node("db7").settings(), std::time(nullptr), {});
  ASSERT_TRUE(ours);
  const auto judged = ours->judge_list(base::buffer::copy(list), std::time(nullptr));
  ASSERT_FALSE(judged);
  ASSERT_EQ(judged.error().text, "is not signed by a CA that is trusted here and may sign lists");
  base::list_id announced = ours->judge_list(der_of(authority_.list()), std::time(nullptr))->id;
  announced.number = std::string(20, '\x7f');
  const auto before = words_.said().size();
  expect_dropped(announce_and_answer(announced, base::buffer::copy(list)),
                 "it sent a revocation list that is none: the list is not signed by a CA");
  EXPECT_LT(words_.said().size(), before + 100000);
  EXPECT_EQ(count_said(R"(\0A\0A)"), 0U);
  liar_.reset();
  expect_undisturbed();
}

TEST_F(ListLiars, ListsThatNobodyAskedForEndTheLink) {
  const base::buffer real = der_of(authority_.list());
  const auto id = dial();
  say(id, mesh::list_request{std::string(32, 'x')});
  say(id, mesh::lists{{{std::string(32, 'x'), "9", 1, std::string(32, 'y')}}});  // of a CA that nobody knows
  for (int i = 0; i < 9; ++i) say(id, mesh::list_answer{real});
  expect_dropped(id, "revocation lists that nobody asked for");
  EXPECT_FALSE(is_asked());
  EXPECT_EQ(count_said("revocation list number"), 0U) << words_.said();
  liar_.reset();
  expect_undisturbed();
}

class PlainLiars : public Liars {
 protected:
  PlainLiars() { is_plain_ = true; }
};

TEST_F(PlainLiars, WithoutEncryptionThereIsNothingToSayAboutLists) {
  for (const wire::message& what :
       {wire::message(mesh::lists{}), wire::message(mesh::list_request{std::string(32, 'x')}),
        wire::message(mesh::list_answer{})}) {
    const auto id = dial();
    say(id, what);
    expect_dropped(id, "it speaks of revocation lists on a link without encryption");
  }
  liar_.reset();
  expect_undisturbed();
}

}  // namespace
}  // namespace hauberk::test
