// Links between nodes that have one face or two: which one a link is made with, and whom it keeps out.
#include "harness.hpp"

namespace hauberk::link::testing {
namespace {

using ::testing::HasSubstr;

constexpr bool with_tls = true, without_tls = false;

/// The face of `name` by a policy that has this line and TLS or not.
face by_policy(const std::string& name, bool secure, const std::string& line, std::uint64_t material) {
  settings made = secure ? secured(name) : node(name);
  made.mine.policy_text += line + "\n";
  made.mine.policy_digest = tls::sha256_hex(made.mine.policy_text);
  made.material = material;
  return made;
}

face now_in_force(const std::string& name, bool secure) { return by_policy(name, secure, "a=old", 4); }
face to_come(const std::string& name, bool secure) { return by_policy(name, secure, "a=new", 5); }

settings with(const face& active, std::optional<face> prepared = std::nullopt, bool dials_prepared = false) {
  settings made;
  static_cast<face&>(made) = active;
  made.prepared = std::move(prepared);
  made.dials_prepared = dials_prepared;
  return made;
}

void expect_made_by(pair& both, const face& of_dialler, bool secure, const std::string& what) {
  SCOPED_TRACE(what);
  ASSERT_EQ(both.at_dialler.ups.size(), 1U) << both.at_dialler.text() << both.at_listener.text();
  ASSERT_EQ(both.at_listener.ups.size(), 1U) << both.at_dialler.text() << both.at_listener.text();
  for (const up& one : {both.at_dialler.ups[0], both.at_listener.ups[0]}) {
    EXPECT_EQ(one.peer.policy_digest, of_dialler.mine.policy_digest);
    EXPECT_EQ(one.material, of_dialler.material);
    EXPECT_EQ(one.version, secure ? "TLSv1.3" : "none");
  }
  both.dialler.send(held(7));
  both.listener.send(held(8));
  both.settle();
  EXPECT_EQ(names(both.at_listener.messages), std::vector<std::string>{"held 7"});
  EXPECT_EQ(names(both.at_dialler.messages), std::vector<std::string>{"held 8"});
}

TEST(Faces, EveryPairOfFacesAndEveryWayToDial) {
  for (const bool old_tls : {without_tls, with_tls}) {
    for (const bool new_tls : {without_tls, with_tls}) {
      const auto here = [&](bool both, bool dials_prepared) {
        return with(now_in_force("db1", old_tls),
                    both ? std::optional(to_come("db1", new_tls)) : std::nullopt, dials_prepared);
      };
      const settings there = with(now_in_force("db2", old_tls), to_come("db2", new_tls));
      const std::string which = std::string(old_tls ? "tls" : "plain") + " to " + (new_tls ? "tls" : "plain");
      pair by_old(here(true, false), there);
      by_old.settle();
      expect_made_by(by_old, now_in_force("db1", old_tls), old_tls, which + ", both, dialled by the old");
      pair by_new(here(true, true), there);
      by_new.settle();
      expect_made_by(by_new, to_come("db1", new_tls), new_tls, which + ", both, dialled by the new");
      pair late(here(false, false), there);  // has not heard of the new one yet
      late.settle();
      expect_made_by(late, now_in_force("db1", old_tls), old_tls, which + ", old only");
      pair ahead(with(to_come("db1", new_tls)), there);  // has the new one in force already
      ahead.settle();
      expect_made_by(ahead, to_come("db1", new_tls), new_tls, which + ", new only");
    }
  }
}

}  // namespace
}  // namespace hauberk::link::testing
