// replay [CORPUS]: feeds a fuzz target without libFuzzer: the empty input, every file of the corpus, and
// seeded damage to each. A fault shows as an abort or, in a sanitizer build, as its report.
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "base/random.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void feed(const std::string& input) {
  // A copy of exactly this size: reading past its end is then seen by AddressSanitizer.
  const std::vector<std::uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::string damage(std::string input, hauberk::base::random& chance) {
  for (auto rounds = chance.between(1, 4); rounds > 0; --rounds) {
    const auto at = static_cast<std::size_t>(chance.below(input.size() + 1));
    switch (chance.below(4)) {
      case 0:
        input.resize(at);
        break;
      case 1:
        input.insert(at, 1, static_cast<char>(chance.next()));
        break;
      case 2:
        input.insert(at, input.substr(at / 2));
        break;
      default:
        if (at < input.size()) input[at] = static_cast<char>(chance.next());
    }
  }
  return input;
}

}  // namespace

int main(int count, char** words) {
  std::vector<std::string> inputs{""};
  if (count > 1 && std::filesystem::is_directory(words[1])) {
    for (const auto& entry : std::filesystem::directory_iterator(words[1])) {
      std::ifstream file(entry.path(), std::ios::binary);
      inputs.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
  }
  hauberk::base::random chance(1);
  std::size_t fed = 0;
  for (const auto& input : inputs) {
    feed(input);
    for (int i = 0; i < 500; ++i) feed(damage(input, chance));
    fed += 501;
  }
  std::cout << "replay: " << inputs.size() << " inputs, " << fed << " with damaged ones\n";
}
