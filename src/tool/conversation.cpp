#include "tool/conversation.hpp"

#include "link/greeting.hpp"

namespace hauberk::tool {
namespace {

constexpr std::size_t frame_bytes_max = 64 * 1024;

}  // namespace

conversation::conversation(caller line, const std::optional<tls::context>& security, const mesh::hello& who)
    : line_(std::move(line)),
      pipe_(security ? tls::pipe(*security, tls::role::client, link::policy_tag(who)) : tls::pipe()),
      reader_(frame_bytes_max) {
  reader_.limit(frame_bytes_max, frame_bytes_max);
}

result<void> conversation::send_all() {
  while (pipe_.output_size() > 0) {
    const auto bytes = pipe_.output();
    if (auto sent = line_.send(bytes); !sent) return sent;
    pipe_.output_consumed(bytes.size());
  }
  return {};
}

result<void> conversation::receive_some() {
  const auto got = line_.receive(pipe_.input_space());
  if (!got) return got.error();
  pipe_.input_filled(*got);
  return {};
}

result<void> conversation::secure() {
  for (;;) {
    const auto done = pipe_.handshake();
    const auto sent = send_all();  // also the alert that says what we did not like
    if (done && *done) return {};
    if (!done) return done.error();
    if (!sent) return sent;
    if (auto more = receive_some(); !more) return more;
  }
}

result<void> conversation::say(const wire::message& what) {
  const auto frame = wire::encode(what);
  if (auto written = pipe_.write(frame->head.bytes()); !written) return written;
  return send_all();
}

result<wire::message> conversation::next_message() {
  for (;;) {
    for (;;) {
      auto frame = reader_.next();
      if (!frame) return frame.error();
      if (*frame) return wire::decode(**frame);
      const auto got = pipe_.read(reader_.space());
      if (!got) return got.error();
      if (*got == 0) break;
      reader_.filled(*got);
    }
    if (auto sent = send_all(); !sent) return sent.error();
    if (auto more = receive_some(); !more) return more.error();
  }
}

}  // namespace hauberk::tool
