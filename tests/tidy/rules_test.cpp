// Each rule finds what it is for and leaves good code alone.
#include "tidy/rules.hpp"

#include <gtest/gtest.h>

namespace hauberk::tidy {
namespace {

const rooms table = parse_rooms(R"(
hauberk_room(base FACE error.hpp)
hauberk_room(replica ROOMS base)
hauberk_room(mesh ROOMS base)
hauberk_room(tls ROOMS base LIBS OpenSSL::SSL)
hauberk_room(wire ROOMS replica mesh LIBS protobuf::libprotobuf-lite PROTO)
hauberk_room(net ROOMS wire tls LIBS Boost::headers Threads::Threads)
hauberk_room(engine ROOMS net)
)");

/// What is found when `line` stands below the opening comment of `path`, as one text; empty = nothing.
std::string said(const std::string& path, const std::string& line) {
  const bool is_header = path.ends_with(".hpp");
  std::string all;
  for (const auto& what :
       check(table, path, "// A file.\n" + std::string(is_header ? "#pragma once\n" : "") + line + "\n"))
    all += what.text + "\n";
  return all;
}

TEST(rooms, table_is_read_from_cmake) {
  ASSERT_EQ(table.size(), 7U);
  EXPECT_EQ(table.at("wire").sees, (std::set<std::string>{"base", "mesh", "replica", "wire"}));
  EXPECT_TRUE(table.at("wire").has_proto);
  EXPECT_FALSE(table.at("wire").above_water);
  EXPECT_TRUE(table.at("engine").above_water);
  EXPECT_TRUE(parse_rooms("add_library(x)").empty());
}

TEST(includes, downward_ones_pass) {
  EXPECT_EQ(said("src/replica/a.cpp", "#include \"base/bytes.hpp\""), "");
  EXPECT_EQ(said("src/replica/a.cpp", "#include \"replica/view.hpp\""), "");
  EXPECT_EQ(said("src/wire/a.cpp", "#include \"proto/frame.pb.h\""), "");
  EXPECT_EQ(said("src/tls/a.cpp", "#include <openssl/ssl.h>"), "");
  EXPECT_EQ(said("src/net/a.cpp", "#include <boost/asio.hpp>\n#include <mutex>"), "");
}

TEST(includes, upward_and_sideward_ones_are_found) {
  EXPECT_NE(said("src/replica/a.cpp", "#include \"engine/engine.hpp\""), "");
  EXPECT_NE(said("src/replica/a.cpp", "#include \"mesh/mesh.hpp\""), "");
  EXPECT_NE(said("src/replica/a.hpp", "  #  include <net/transport.hpp>"), "");
  EXPECT_NE(said("src/replica/a.cpp", "#include \"../base/bytes.hpp\""), "");
  EXPECT_NE(said("src/replica/a.cpp", "#include \"view.hpp\""), "");
}

TEST(includes, foreign_ones_stay_in_their_room) {
  EXPECT_NE(said("src/engine/a.cpp", "#include <boost/asio.hpp>"), "");
  EXPECT_NE(said("src/wire/a.cpp", "#include <openssl/evp.h>"), "");
  EXPECT_NE(said("src/net/a.cpp", "#include \"proto/frame.pb.h\""), "");
  EXPECT_NE(said("src/net/a.cpp", "#include <google/protobuf/message.h>"), "");
  EXPECT_NE(said("include/hauberk/a.hpp", "#include <boost/version.hpp>"), "");
  EXPECT_NE(said("include/hauberk/a.hpp", "#include \"base/bytes.hpp\""), "");
  EXPECT_EQ(said("include/hauberk/a.hpp", "#include <vector>\n#include \"hauberk/error.hpp\""), "");
}

TEST(words, clocks_threads_chance_and_files_are_above_the_waterline) {
  for (const char* line : {"auto t = std::chrono::steady_clock::now();", "auto t = time(nullptr);",
                           "std::mutex lock;", "std::thread t;", "std::random_device d;", "std::ifstream f;",
                           "std::cerr << 1;", "usleep(1);", "thread_local int x;"}) {
    EXPECT_NE(said("src/replica/a.cpp", line), "") << line;
    EXPECT_EQ(said("src/engine/a.cpp", line), "") << line;
  }
  EXPECT_NE(said("src/replica/a.cpp", "#include <thread>"), "");
  EXPECT_EQ(said("src/tls/a.cpp", "#include <ctime>\nstd::ifstream f;"), "");
  EXPECT_NE(said("src/tls/a.cpp", "std::mutex lock;"), "");
  EXPECT_NE(said("src/engine/a.cpp", "int x = rand();"), "");
  EXPECT_NE(said("src/engine/a.cpp", "assert(x);"), "");
  EXPECT_NE(said("src/engine/a.hpp", "using namespace std;"), "");
  EXPECT_EQ(said("src/engine/a.cpp", "using namespace std;"), "");
}

TEST(words, comments_and_strings_are_not_code) {
  EXPECT_EQ(said("src/replica/a.cpp", "// no std::mutex here"), "");
  EXPECT_EQ(said("src/replica/a.cpp", "/* std::mutex\n std::mutex */"), "");
  EXPECT_EQ(said("src/replica/a.cpp", "auto a = \"std::mutex \\\" std::mutex\";"), "");
  EXPECT_EQ(said("src/replica/a.cpp", "auto a = R\"x(std::mutex \" )\" std::mutex)x\";"), "");
  EXPECT_NE(said("src/replica/a.cpp", "int million = 1'000'000; std::mutex m; int one = 1'0;"), "");
  EXPECT_EQ(said("src/replica/a.cpp", "bool holds_runtime(int operand);"), "");
}

TEST(text, tabs_blanks_notes_and_machine_paths_are_found) {
  EXPECT_NE(said("bench/a.cpp", "\tint x;"), "");
  EXPECT_NE(said("bench/a.cpp", "int x; "), "");
  EXPECT_NE(said("bench/a.cpp", std::string("// TO") + "DO: later"), "");
  EXPECT_NE(said("bench/a.cpp", std::string("// see /ho") + "me/me/x"), "");
  EXPECT_EQ(said("bench/a.cpp", std::string("// build/ho") + "me/x and ~/wo" + "rk/y"), "");
}

TEST(files, need_an_opening_a_guard_and_a_limit) {
  EXPECT_FALSE(check(table, "src/net/a.cpp", "int x;\n").empty());
  EXPECT_FALSE(check(table, "tests/a.sh", "#!/bin/sh\nset -e\n").empty());
  EXPECT_TRUE(check(table, "tests/a.sh", "#!/bin/sh\n# Does it.\nset -e\n").empty());
  EXPECT_FALSE(check(table, "src/net/a.hpp", "// A file.\nint x;\n").empty());
  EXPECT_FALSE(check(table, "src/net/a.cpp", "// A file.\nint x;").empty());
  std::string lines = "// A file.\n";
  for (int i = 0; i < 499; ++i) lines += "int x;\n";
  EXPECT_TRUE(check(table, "src/net/a.cpp", lines).empty());
  EXPECT_FALSE(check(table, "src/net/a.cpp", lines + "int y;\n").empty());
  EXPECT_TRUE(check(table, "tests/unit/a.cpp", lines + "int y;\n").empty());
  EXPECT_TRUE(check(table, "src/net/a.cpp", "#include \"net/a.hpp\"\n").empty());  // its header says it
  EXPECT_TRUE(check(table, "tests/unit/net/a_test.cpp", "#include \"net/a.hpp\"\n").empty());
  EXPECT_FALSE(check(table, "src/net/b.cpp", "#include \"net/a.hpp\"\n").empty());
}

TEST(functions, long_ones_are_counted_wherever_they_stand) {
  std::string body;
  for (int i = 0; i < 70; ++i) body += "  if (x) { y(); }\n";
  const std::string function = "void f(struct a b) : c_{1} {\n" + body + "}\n";
  EXPECT_EQ(long_functions("a", function).size(), 1U);
  EXPECT_EQ(
      long_functions("a", "namespace a::b {\ntemplate <class T>\nstruct s : t {\n" + function + "};\n}\n")
          .size(),
      1U);
  EXPECT_EQ(
      long_functions("a", "#pragma once\n#define X \\\n  f() {\nclass c {" + std::string(100, '\n') + "};")
          .size(),
      0U);
  EXPECT_EQ(long_functions("a", "namespace n {\n" + std::string(100, '\n') + "void g() {}\n}\n").size(), 0U);
}

}  // namespace
}  // namespace hauberk::tidy
