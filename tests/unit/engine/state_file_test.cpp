#include "engine/state_file.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

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
    made.seat.process.bytes.fill(0xab);
    made.seat.number = 3;
    made.history.bytes.fill(0xcd);
    made.view_number = view;
    made.position = view * 100;
    made.name = "db = 1";
    return made;
  }
  void scribble(std::streamoff at) {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(at);
    file << "garbage";
  }

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
  scribble(4096 + 40);
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
  EXPECT_EQ(about.st_size, 8192);
  for (std::uint64_t view = 1; view <= 100; ++view) ASSERT_TRUE(file->save(state(view)));
  EXPECT_EQ(std::filesystem::file_size(path()), 8192U);
}

TEST_F(StateFile, SaysWhatIsWrongWithTheFolder) {
  auto missing = state_file::open(folder_ + "/none", {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, errc::bad_file);
  EXPECT_NE(missing.error().text.find("node.state_dir"), std::string::npos);
}

}  // namespace
}  // namespace hauberk::engine
