#include "cluster/endpoint.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <grpcpp/grpcpp.h>
#include <netdb.h>

#include <chrono>
#include <condition_variable>

#include "cluster/keep_alive.h"
#include "cluster/messages.h"

namespace daybook::cluster {
namespace {

using std::chrono::milliseconds;

// A projector that lives answers within a second.
constexpr milliseconds kLookDeadline{3'000};
constexpr milliseconds kLookAgainAfter{200};

std::shared_ptr<grpc::Channel> connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMessageBytesMax);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepAliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepAliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  // A projector is reached as it is addressed; what a machine sets for its web browsing is none of its.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

Result<Endpoint::SeenPtr> read(const query::v1::LookReply& reply) {
  auto seen = std::make_shared<Endpoint::Seen>();
  ASSIGN_OR_RETURN(seen->identity, from_message(reply.identity()));
  ASSIGN_OR_RETURN(seen->report, from_message(reply));
  for (const query::v1::Note& message : reply.notes()) {
    ASSIGN_OR_RETURN(auto note, from_message(message));
    seen->notes.push_back(std::move(note));
  }
  seen->is_resync = reply.is_resync();
  return Endpoint::SeenPtr(std::move(seen));
}

}  // namespace

Result<std::vector<std::string>> resolve(const std::string& host_port) {
  const std::size_t colon = host_port.rfind(':');
  std::string host = host_port.substr(0, colon);
  const std::string port = host_port.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int failed = ::getaddrinfo(host.c_str(), port.c_str(), &wanted, &found); failed != 0) {
    return unexpected(ErrorCode::kUnavailable, fmt::format("{}: {}", host_port, ::gai_strerror(failed)));
  }
  std::vector<std::string> addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    char text[INET6_ADDRSTRLEN] = {};
    if (at->ai_family == AF_INET) {
      const auto* address = reinterpret_cast<const sockaddr_in*>(at->ai_addr);
      ::inet_ntop(AF_INET, &address->sin_addr, text, sizeof text);
      addresses.push_back(fmt::format("ipv4:{}:{}", text, port));
    } else if (at->ai_family == AF_INET6) {
      const auto* address = reinterpret_cast<const sockaddr_in6*>(at->ai_addr);
      ::inet_ntop(AF_INET6, &address->sin6_addr, text, sizeof text);
      addresses.push_back(fmt::format("ipv6:[{}]:{}", text, port));
    }
  }
  ::freeaddrinfo(found);
  return addresses;
}

Endpoint::Endpoint(const std::string& address, std::function<void(Result<SeenPtr>)> on_seen)
    : address_(address.substr(address.find(':') + 1)),
      on_seen_(std::move(on_seen)),
      stub_(query::v1::Shards::NewStub(connect(address))),
      thread_([this](const std::stop_token& stop) { watch(stop); }) {}

Endpoint::~Endpoint() {
  thread_.request_stop();
  thread_.join();
}

void Endpoint::watch(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any pause;
  query::v1::LookRequest request;
  while (!stop.stop_requested()) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + kLookDeadline);
    const std::stop_callback cancel(stop, [&] { context.TryCancel(); });
    query::v1::LookReply reply;
    const grpc::Status status = stub_->Look(&context, request, &reply);
    if (stop.stop_requested()) return;
    if (status.ok()) {
      on_seen_(read(reply));
      request.set_seen(reply.number());
      continue;
    }
    const bool is_late = status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
    on_seen_(unexpected(ErrorCode::kUnavailable, is_late ? "does not answer" : status.error_message()));
    request.set_seen(0);
    std::unique_lock lock(mutex);
    pause.wait_for(lock, stop, kLookAgainAfter, [] { return false; });
  }
}

}  // namespace daybook::cluster
