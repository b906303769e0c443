#include "engine/state_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/limits.hpp"
#include "support/full_disk.hpp"

namespace hauberk::engine {
namespace {

class StateFile : public testing::Test {
 protected:
  StateFile() {
    std::string name = testing::TempDir() + "hauberk-state-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~StateFile() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::string path() const { return folder_ + "/hauberk.state"; }
  [[nodiscard]] result<state_file> open() {
    return state_file::open(folder_, base::logger([this](base::level, std::string_view line) {
                              said_ += std::string(line) + "\n";
                            }));
  }
  static saved_state state(std::uint64_t view) {
    saved_state made;
    made.known.seats = {seat(0xab, 3), seat(0xaa, 1)};
    made.known.epoch = view + 7;
    made.known.decided = members(view, 2);
    if (view % 2 == 1) {
      made.known.pending = members(view + 1, 3);
      made.known.pending_epoch = view + 5;
      made.known.pending_at = view * 100;
    }
    made.is_safe = view % 3 == 0;
    made.left_at = {id(0xcd), view * 100 + 1};
    made.name = "db = 1";
    return made;
  }
  static uuid id(std::uint8_t fill) {
    uuid made;
    made.bytes.fill(fill);
    return made;
  }
  static base::seat_id seat(std::uint8_t fill, std::uint32_t number) { return {id(fill), number}; }
  static replica::view_ptr members(std::uint64_t number, std::size_t count) {
    replica::view made;
    made.history = id(0xcd);
    made.root = id(0xce);
    made.forks = {{id(0xce), 12}, {id(0xcf), 34}};
    made.number = number;
    made.policy.number = number + 3;
    made.policy.text = "a=1\nb= 2%\n";
    if (number % 3 == 0) {
      made.policy.prepared = "a=2\n";
      made.policy.prepared_in = number - 1;
      made.policy.is_trial = number % 2 == 0;
      made.policy.by = "n 1";
    }
    if (number % 2 == 0) made.bans = {{"bad one", "n 1", "it lied"}, {"b", "", ""}};
    for (std::size_t i = 0; i < count; ++i) {
      replica::member one;
      one.seat = seat(static_cast<std::uint8_t>(i), 4);
      one.name = i == 0 ? std::string("a b%\n=\0\xff", 8) : std::string(base::limits::name_bytes_max, '\t');
      one.weight = static_cast<std::uint8_t>(i);
      one.weight_wanted = 200;
      one.catching_up = i == 1;
      made.members.push_back(one);
    }
    return std::make_shared<const replica::view>(std::move(made));
  }
  static replica::view_ptr largest(std::uint64_t number) {
    replica::view made = *members(number, base::limits::members_max);
    const std::string name(base::limits::name_bytes_max, '\t');
    made.bans.assign(base::limits::bans_max,
                     {name, name, std::string(base::limits::ban_text_bytes_max, ' ')});
    made.policy.text = made.policy.prepared = std::string(base::limits::policy_bytes_max, '\n');
    made.policy.by = name;
    return std::make_shared<const replica::view>(std::move(made));
  }
  void scribble(std::streamoff at) {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file << "garbage";
  }

  static constexpr std::streamoff slot_bytes = 768 * 1024;
  std::string folder_, said_;
};

TEST_F(StateFile, KeepsTheNewest) {
  {
    auto file = open();
    ASSERT_TRUE(file) << file.error().text;
    EXPECT_FALSE(file->found());
    for (std::uint64_t view = 1; view <= 5; ++view) ASSERT_TRUE(file->save(state(view)));
  }
  auto again = open();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->found(), state(5));
  ASSERT_TRUE(again->save(state(6)));
  again = error(errc::closed, "");
  EXPECT_EQ(open()->found(), state(6));
  EXPECT_EQ(said_, "");
}

TEST_F(StateFile, AWriteThatFailsIsAnErrorAndCostsNothingOlder) {
  auto file = open();
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->save(state(1)));
  for (const std::size_t room : {std::size_t{0}, std::size_t{10}, std::size_t{slot_bytes} + 10}) {
    const test::full_disk full(room);  // both slots come in turn where one can be written
    auto failed = file->save(state(room == 0 ? 2 : 3));
    if (failed) failed = file->save(state(4));
    ASSERT_FALSE(failed) << room;
    EXPECT_EQ(failed.error().code, errc::bad_file);
    EXPECT_NE(failed.error().text.find(path()), std::string::npos) << failed.error().text;
    EXPECT_NE(failed.error().text.find("File too large"), std::string::npos) << failed.error().text;
  }
  file = error(errc::closed, "");
  const auto found = open()->found();
  EXPECT_TRUE(found == state(1) || found == state(3));
  EXPECT_TRUE(open()->save(state(5)));
  EXPECT_EQ(open()->found(), state(5));
}

TEST_F(StateFile, IsLockedForLife) {
  auto file = open();
  ASSERT_TRUE(file);
  auto second = open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, errc::bad_file);
  EXPECT_NE(second.error().text.find("locked by another process"), std::string::npos);
  state_file moved = std::move(file.value());
  EXPECT_FALSE(open());
}

TEST_F(StateFile, ATornSlotCostsOnlyTheNewest) {
  {
    auto file = open();
    for (std::uint64_t view = 1; view <= 4; ++view) ASSERT_TRUE(file->save(state(view)));
  }
  scribble(40);  // the fourth save lies in the first slot
  EXPECT_EQ(open()->found(), state(3));
  EXPECT_NE(said_.find("its older half is used"), std::string::npos);
  {
    auto file = open();
    ASSERT_TRUE(file->save(state(7)));
  }
  EXPECT_EQ(open()->found(), state(7));
}

TEST_F(StateFile, DamageInBothIsLikeANewNode) {
  {
    auto file = open();
    for (std::uint64_t view = 1; view <= 4; ++view) ASSERT_TRUE(file->save(state(view)));
  }
  scribble(40);
  scribble(slot_bytes + 40);
  auto file = open();
  ASSERT_TRUE(file);
  EXPECT_FALSE(file->found());
  EXPECT_NE(said_.find("ignored"), std::string::npos);
}

TEST_F(StateFile, IsPrivateAndNeverGrows) {
  auto file = open();
  struct stat about {};
  ASSERT_EQ(::stat(path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
  EXPECT_EQ(about.st_size, 2 * slot_bytes);
  for (std::uint64_t view = 1; view <= 100; ++view) ASSERT_TRUE(file->save(state(view)));
  EXPECT_EQ(std::filesystem::file_size(path()), std::uintmax_t{2 * slot_bytes});
}

TEST_F(StateFile, TakesTheLargestViews) {
  saved_state most = state(1);
  most.known.decided = largest(8);
  most.known.pending = largest(9);
  {
    auto file = open();
    ASSERT_TRUE(file->save(state(1)));
    ASSERT_TRUE(file->save(most));
    ASSERT_TRUE(file->save(most));
    ASSERT_TRUE(file->save(state(2)));  // shorter than what the slot had
  }
  EXPECT_EQ(open()->found(), state(2));
  scribble(40);
  EXPECT_EQ(open()->found(), most);
}

TEST_F(StateFile, SaysWhatIsWrongWithTheFolder) {
  auto missing = state_file::open(folder_ + "/none", {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, errc::bad_file);
  EXPECT_NE(missing.error().text.find("node.state_dir"), std::string::npos);
}

}  // namespace
}  // namespace hauberk::engine
