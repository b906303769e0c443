// The watch tells of files that changed and settled, once each time, and ends at once.
#include "engine/watch.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "support/certificates.hpp"
#include "support/poll.hpp"

namespace hauberk::engine {
namespace {

using namespace std::chrono_literals;

TEST(FileWatch, TellsOnceOfFilesThatChangedAndSettled) {
  const test::temp_dir dir;
  const std::string one = dir / "one", two = dir / "two", real = dir / "real", other = dir / "other";
  for (const auto& each : {one, real, other}) std::ofstream(each) << each;
  std::filesystem::create_symlink(real, two);
  std::atomic<int> told{0};
  const file_watch watch(
      {one, two, dir / "none"}, [&] { ++told; }, 5ms);
  const auto wait = [&](int count) {
    return test::eventually([&] { return told >= count; }) && told == count;
  };
  // Each change is a single one, so that it cannot be told of half done.
  std::ofstream(one, std::ios::app) << "changed in place";
  EXPECT_TRUE(wait(1));
  std::ofstream(dir / "new") << "by a rename";
  std::filesystem::rename(dir / "new", one);
  EXPECT_TRUE(wait(2));
  std::filesystem::create_symlink(other, dir / "link");
  std::filesystem::rename(dir / "link", two);  // as secret mounts do
  EXPECT_TRUE(wait(3));
  std::ofstream(dir / "none").flush();
  EXPECT_TRUE(wait(4));
  std::filesystem::remove(one);
  EXPECT_TRUE(wait(5));
}

TEST(FileWatch, EndsWithoutWaitingForItsPeriod) {
  const auto begin = std::chrono::steady_clock::now();
  {
    const file_watch watch(
        {"/nowhere"}, [] {}, 1h);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
}

}  // namespace
}  // namespace hauberk::engine
