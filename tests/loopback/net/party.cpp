#include "loopback/net/party.hpp"

#include <filesystem>

#include "base/random.hpp"

namespace hauberk::net::test {
namespace {

uuid process_of(const std::string& name) { return base::random(std::hash<std::string>()(name)).id(); }

}  // namespace

tls::context context_of(const ::hauberk::test::node_files& files) {
  auto made = tls::context::load(files.settings(), std::time(nullptr), base::logger());
  if (!made) ADD_FAILURE() << made.error().text;
  return *made;
}

character member(const std::string& name, const ::hauberk::test::node_files& files) {
  character made = plain_member(name);
  made.security = context_of(files);
  return made;
}

character plain_member(const std::string& name) {
  character made;
  made.name = name;
  made.how.listen = {"127.0.0.1:0"};
  return made;
}

link::face face_of(const character& who, const std::string& digest) {
  link::face made;
  made.mine.protocol_min = made.mine.protocol_max = 1;
  made.mine.group = who.group;
  made.mine.name = who.name;
  made.mine.process = process_of(who.name);
  made.mine.address = ":4567";
  made.mine.policy_digest = digest;
  made.mine.permits_plaintext = !who.security;
  made.security = who.security;
  return made;
}

party::party(character who) {
  static_cast<link::face&>(settings_) = face_of(who);
  settings_.handshake_timeout = who.handshake_timeout;
  const auto how = [this] {
    const std::lock_guard lock(settings_mutex_);
    return settings_;
  };
  transport_ = std::make_unique<transport>(who.how, how, static_cast<handler&>(*this), base::logger());
  const auto started = transport_->start();
  if (!started) ADD_FAILURE() << started.error().text;
}

party::~party() { stop(); }

void party::use(const link::face& active, std::optional<link::face> prepared) {
  {
    const std::lock_guard lock(settings_mutex_);
    static_cast<link::face&>(settings_) = active;
    settings_.prepared = std::move(prepared);
  }
  transport_->review();
}

bool party::wait(const std::function<bool()>& look) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, ::hauberk::test::patience, look);
}

std::optional<connection_id> party::wait_for_link(const std::function<bool(const link_end&)>& is) {
  std::optional<connection_id> found;
  (void)wait([&] {
    for (const auto& [id, each] : links) {
      if (is(each)) found = id;
    }
    return found.has_value();
  });
  return found;
}

std::string party::wait_for_words() {
  const auto ended = wait_for_link([](const link_end& l) { return l.is_down; });
  return ended ? look(*ended).end->why.text : "no link ended";
}

party::failed_dial party::wait_for_failure(std::uint64_t token) {
  if (!wait([&] { return failures.contains(token); })) return {dial_failure::unresolved, "no dial failed"};
  const std::lock_guard lock(mutex_);
  return failures.at(token);
}

party::link_end party::look(connection_id id) {
  const std::lock_guard lock(mutex_);
  return links[id];
}

std::size_t party::calls() {
  const std::lock_guard lock(mutex_);
  return calls_;
}

void party::send(connection_id id, std::shared_ptr<const hauberk::wire::encoded> frame, unsigned replaces) {
  std::vector<outgoing> one;
  one.push_back({std::move(frame), replaces});
  transport_->send(id, std::move(one));
}

void party::on_up(connection_id id, bool dialled, std::string remote, link::up peer) {
  const std::lock_guard lock(mutex_);
  link_end& made = links[id];
  EXPECT_FALSE(made.is_up || made.is_down);
  made.is_up = true;
  made.was_dialled = dialled;
  made.remote = std::move(remote);
  made.peer = peer.peer.name;
  made.version = peer.version;
  made.policy = peer.peer.policy_digest;
  ++calls_;
  changed_.notify_all();
}

void party::on_messages(connection_id id, std::vector<hauberk::wire::message> batch) {
  if (on_message) {
    for (auto& each : batch) on_message(id, each);
  }
  const std::lock_guard lock(mutex_);
  link_end& at = links[id];
  EXPECT_TRUE(at.is_up && !at.is_down) << "messages belong between up and down";
  at.messages += batch.size();
  ++calls_;
  changed_.notify_all();
}

void party::on_written(connection_id id, std::size_t bulk_bytes) {
  const std::lock_guard lock(mutex_);
  links[id].bulk_written += bulk_bytes;
  ++calls_;
  changed_.notify_all();
}

void party::on_down(connection_id id, std::uint64_t dial, link::down why) {
  const std::lock_guard lock(mutex_);
  link_end& at = links[id];
  EXPECT_FALSE(at.is_down) << "a link ends once";
  EXPECT_EQ(at.is_up, why.was_up);
  at.is_down = true;
  at.dial = dial;
  at.end = std::move(why);
  ++calls_;
  changed_.notify_all();
}

void party::on_dial_failed(std::uint64_t dial, dial_failure why, std::string text) {
  const std::lock_guard lock(mutex_);
  EXPECT_TRUE(failures.emplace(dial, failed_dial{why, std::move(text)}).second);
  ++calls_;
  changed_.notify_all();
}

std::pair<connection_id, connection_id> link_up(party& from, party& to, std::uint64_t token) {
  from.wire().dial(token, to.address());
  const auto here = from.wait_for_link([](const auto& l) { return l.is_up && !l.is_down && l.was_dialled; });
  const auto there = to.wait_for_link([](const auto& l) { return l.is_up && !l.is_down && !l.was_dialled; });
  EXPECT_TRUE(here) << from.wait_for_words();
  EXPECT_TRUE(there);
  return {here.value_or(0), there.value_or(0)};
}

std::shared_ptr<const hauberk::wire::encoded> data_frame(std::uint64_t sequence,
                                                         const base::buffer& payload) {
  replica::data what;
  what.first = sequence;
  what.payloads = {payload};
  return hauberk::wire::encode(replica::envelope{1, std::move(what)});
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& each : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

}  // namespace hauberk::net::test
