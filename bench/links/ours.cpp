// Our link over blocking sockets: payloads become data frames (wire::encode, compression included), go
// through the outbox and the TLS pipe at one end, and through pipe, reader and decode at the other. Only
// sockets' readiness and the threads are not those of src/net.
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <stdexcept>

#include "link/link.hpp"
#include "links/channel.hpp"
#include "net/transport.hpp"
#include "support/payload.hpp"

namespace hauberk::bench {
namespace {

namespace asio = boost::asio;

// Queued before it is written, when gathering: what a busy node has waiting for each peer.
constexpr std::size_t queued_bytes_most = 256 * 1024;

link::settings settings_of(const cipher& what, const materials& from, bool is_client) {
  link::settings made;
  made.mine.protocol_min = made.mine.protocol_max = 1;
  made.mine.group = "bench";
  made.mine.name = is_client ? "client" : "server";
  made.mine.process.bytes.fill(is_client ? 1 : 2);
  made.mine.address = "127.0.0.1:1";
  if (!what.list.empty()) made.security = from.ours(what, is_client);
  made.mine.permits_plaintext = !made.security;
  made.mine.policy_text = made.security ? made.security->policy_text() : "socket.ssl=no\n";
  made.mine.policy_digest = tls::sha256_hex(made.mine.policy_text);
  return made;
}

class end_point {
 public:
  end_point(const link::settings& how, tls::role as, asio::ip::tcp::socket over)
      : socket_(std::move(over)), link_(how, as, "127.0.0.1:1", net::transport::now()) {}

  link::link& operator*() { return link_; }
  link::link* operator->() { return &link_; }

  void write_all() {
    for (auto bytes = link_.output(); !bytes.empty(); bytes = link_.output())
      link_.handle_output_written(asio::write(socket_, asio::buffer(bytes.data(), bytes.size())));
  }
  /// False at the end of the stream; an error would be one of the bench.
  bool read() {
    const auto space = link_.input_space();
    boost::system::error_code end;
    const std::size_t count = socket_.read_some(asio::buffer(space.data(), space.size()), end);
    if (end == asio::error::would_block) return true;
    if (end) return false;
    link_.handle_input(net::transport::now(), count);
    return true;
  }
  void greet() {
    for (write_all(); !link_.is_up(); write_all())
      if (!read() || link_.is_down()) throw std::runtime_error("the link did not come up");
  }
  asio::ip::tcp::socket& socket() { return socket_; }

 private:
  asio::ip::tcp::socket socket_;
  link::link link_;
};

class link_channel final : public channel {
 public:
  link_channel(const shape& how, const cipher& what, const materials& from)
      : how_(how), client_(nullptr), server_(nullptr) {
    sockets pair = connect_pair(io_);
    client_ =
        std::make_unique<end_point>(settings_of(what, from, true), tls::role::client, std::move(pair.client));
    server_ = std::make_unique<end_point>(settings_of(what, from, false), tls::role::server,
                                          std::move(pair.server));
    auto accepted = std::async(std::launch::async, [this] { server_->greet(); });
    client_->greet();
    accepted.get();
    const auto all = make_payload(how.write_bytes(), how.is_text);  // no two alike: a compressor would notice
    for (std::size_t at = 0; at < all.size(); at += how.message_bytes)
      payloads_.push_back(base::buffer::copy(std::span(all).subspan(at, how.message_bytes)));
  }

  void send(std::size_t writes) override {
    for (std::size_t i = 0; i < writes; ++i) {
      replica::data data;
      data.first = next_;
      data.payloads = payloads_;
      next_ += payloads_.size();
      (*client_)->send(wire::encode(replica::envelope{1, std::move(data)}, how_.compression));
      if (how_.batch_bytes == 0 || (*client_)->queued_bytes() >= queued_bytes_most) write();
    }
    write();
  }
  void end() noexcept override {
    boost::system::error_code ignored;
    client_->socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  }

  std::size_t receive() override {
    for (std::size_t bytes = 0;; bytes = 0) {
      if (!server_->read()) return 0;
      while (const auto next = (*server_)->next_event()) {
        const auto* message = std::get_if<wire::message>(&*next);
        if (message == nullptr) continue;
        const auto& what = std::get<replica::envelope>(*message).what;
        for (const auto& payload : std::get<replica::data>(what).payloads) bytes += payload.size();
      }
      if (bytes != 0) return bytes;
    }
  }

 private:
  void write() {
    client_->write_all();
    while ((*client_)->next_event()) continue;
  }

  const shape how_;
  asio::io_context io_;
  std::unique_ptr<end_point> client_, server_;
  std::vector<base::buffer> payloads_;
  base::sequence_t next_ = 1;
};

class link_greeter final : public greeter {
 public:
  link_greeter(const cipher& what, const materials& from)
      : client_(settings_of(what, from, true)), server_(settings_of(what, from, false)) {}
  void greet() override {
    sockets pair = connect_pair(io_);
    pair.client.non_blocking(true);
    pair.server.non_blocking(true);
    end_point client(client_, tls::role::client, std::move(pair.client));
    end_point server(server_, tls::role::server, std::move(pair.server));
    while (!client->is_up() || !server->is_up()) {
      for (end_point* one : {&client, &server}) {
        one->write_all();
        if (!one->read() || (*one)->is_down()) throw std::runtime_error("the link did not come up");
      }
    }
  }

 private:
  asio::io_context io_;
  const link::settings client_, server_;
};

}  // namespace

std::unique_ptr<channel> make_link(const shape& how, const cipher& what, const materials& from) {
  return std::make_unique<link_channel>(how, what, from);
}
std::unique_ptr<greeter> make_link_greeter(const cipher& what, const materials& from) {
  return std::make_unique<link_greeter>(what, from);
}

}  // namespace hauberk::bench
