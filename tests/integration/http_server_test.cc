// The server over real sockets: what a connection may do, and what it may not.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <latch>
#include <mutex>
#include <thread>

#include "http/bodies.h"
#include "http/body_source.h"
#include "http/client.h"
#include "http/server.h"
#include "http/stream.h"
#include "support/http_peer.h"

namespace daybook::http {
namespace {

using test::HttpAnswer;
using test::HttpPeer;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Says what it was asked.
void echo(Request request, const Respond& respond) {
  std::string text = request.method + " " + request.path;
  for (const auto& segment : request.segments) text += " [" + segment + "]";
  for (const auto& [name, value] : request.parameters) text += " " + name + "=" + value;
  if (!request.body.empty()) text += " " + request.body;
  respond({200, "text/plain", std::move(text), {}});
}

ServerOptions quick() {
  ServerOptions options;
  options.sweep_interval = 20ms;
  options.limits.header_timeout = 300ms;
  options.limits.body_timeout = 300ms;
  options.limits.write_timeout = 300ms;
  return options;
}

std::unique_ptr<Server> serve(const ServerOptions& options, Handler handler = echo) {
  auto server = Server::start(options, std::move(handler));
  EXPECT_TRUE(server) << server.error().message;
  return *std::move(server);
}

std::string get(std::string_view target, std::string_view more = "") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more) + "\r\n";
}

std::string post(std::string_view body, std::string_view more = "") {
  return "POST /p HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more) + "\r\n" + std::string(body);
}

// A POST whose body is sent in chunks.
std::string chunked(std::string_view fields) {
  return "POST /p HTTP/1.1\r\nHost: localhost\r\n" + std::string(fields) + "\r\n3\r\nabc\r\n0\r\n\r\n";
}

// Fields of so many bytes together, none of them long.
std::string many_fields(std::size_t bytes) {
  std::string fields;
  for (int i = 0; fields.size() < bytes; ++i) fields += "X-Field-" + std::to_string(i) + ": some value\r\n";
  return fields;
}

TEST(HttpServerTest, KeepsAConnectionForManyRequests) {
  const auto server = serve({});
  HttpPeer peer(server->port());
  for (int i = 0; i < 50; ++i) {
    const HttpAnswer answer = peer.ask(get("/v1/" + std::to_string(i)));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "GET /v1/" + std::to_string(i) + " [v1] [" + std::to_string(i) + "]");
  }
  EXPECT_EQ(server->connections(), 1U);
}

TEST(HttpServerTest, DecodesPathAndParameters) {
  const auto server = serve({});
  HttpPeer peer(server->port());
  EXPECT_EQ(peer.ask(get("/v1/a%2Fb/?x=1+2&y=%E4%B8%AD&z")).body,
            "GET /v1/a%2Fb/ [v1] [a/b] [] x=1 2 y=\xE4\xB8\xAD z=");
  EXPECT_EQ(peer.ask(get("/")).body, "GET /");
  EXPECT_EQ(peer.ask(get("http://localhost/v1")).body, "GET /v1 [v1]");
  for (const char* bad : {"/%", "/%2", "/%zz", "/%ff", "/?a=%", "nowhere"}) {
    const HttpAnswer answer = peer.ask(get(bad));
    EXPECT_EQ(answer.status, 400) << bad;
    EXPECT_NE(answer.header.find("application/problem+json"), std::string::npos) << bad;
    EXPECT_NE(answer.body.find("\"status\":400"), std::string::npos) << bad;
  }
}

TEST(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  const auto server = serve({});
  HttpPeer peer(server->port());
  std::string all;
  for (int i = 0; i < 100; ++i) all += i % 2 == 0 ? get("/" + std::to_string(i)) : post("odd");
  peer.send(all);
  for (int i = 0; i < 100; ++i) {
    const std::string text = std::to_string(i);
    EXPECT_EQ(peer.receive().body, i % 2 == 0 ? "GET /" + text + " [" + text + "]" : "POST /p [p] odd");
  }
}

TEST(HttpServerTest, ReadsBodiesInChunksHoweverTheyAreCut) {
  const auto server = serve({});
  HttpPeer peer(server->port());
  const std::string request =
      "POST /p HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;name=value\r\nabc\r\n5\r\ndefgh\r\n0\r\nTrailer: t\r\n\r\n";
  for (const char byte : request) peer.send(std::string_view(&byte, 1));
  EXPECT_EQ(peer.receive().body, "POST /p [p] abcdefgh");
  EXPECT_EQ(peer.ask(request + get("/next")).body, "POST /p [p] abcdefgh");
  EXPECT_EQ(peer.receive().body, "GET /next [next]");
}

TEST(HttpServerTest, TakesABodyUpToTheLimitAndNoMore) {
  ServerOptions options;
  options.limits.body_bytes_max = 1'000'000;
  const auto server = serve(options, [](Request request, const Respond& respond) {
    respond({200, "text/plain", std::to_string(request.body.size()), {}});
  });
  HttpPeer peer(server->port());
  EXPECT_EQ(peer.ask(post(std::string(1'000'000, 'x'))).body, "1000000");
  const HttpAnswer refused = peer.ask(post(std::string(1'000'001, 'x')));
  EXPECT_EQ(refused.status, 413);
  EXPECT_NE(refused.header.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(peer.closed());

  HttpPeer chunking(server->port());
  std::string chunks = "POST /p HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 11; ++i) chunks += "186a0\r\n" + std::string(100'000, 'x') + "\r\n";
  EXPECT_EQ(chunking.ask(chunks + "0\r\n\r\n").status, 413);
}

TEST(HttpServerTest, HeadHasTheLengthButNoBody) {
  const auto server = serve({});
  HttpPeer peer(server->port());
  peer.send("HEAD /x HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const HttpAnswer answer = peer.receive(true);
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(answer.header.find("Content-Length: 10"), std::string::npos);
  EXPECT_EQ(peer.ask(get("/y")).body, "GET /y [y]");
}

TEST(HttpServerTest, ClosesWhenAsked) {
  const auto server = serve({});
  HttpPeer peer(server->port());
  EXPECT_EQ(peer.ask(get("/x", "Connection: close\r\n")).status, 200);
  EXPECT_TRUE(peer.closed());
  HttpPeer old(server->port());
  EXPECT_EQ(old.ask("GET /x HTTP/1.0\r\n\r\n").status, 200);
  EXPECT_TRUE(old.closed());
}

TEST(HttpServerTest, AsksForTheBodyWhenThePeerWaits) {
  const auto server = serve({});
  HttpPeer peer(server->port());
  EXPECT_EQ(peer.ask("POST /p HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
                     "Expect: 100-continue\r\n\r\n")
                .status,
            100);
  EXPECT_EQ(peer.ask("abc").body, "POST /p [p] abc");
  EXPECT_EQ(peer.ask(get("/", "Expect: wonders\r\n")).status, 417);
}

TEST(HttpServerTest, RefusesWhatIsNoFitRequest) {
  const auto server = serve({});
  const struct {
    std::string request;
    int status;
  } kCases[] = {
      {"nonsense\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: localhost\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {get("/", "Host: localhost\r\n"), 400},
      {get("/", "bad header\r\n"), 400},
      {post("x", "Transfer-Encoding: chunked\r\n"), 400},
      {post("x", "Content-Length: 2\r\n"), 400},
      {post("x", "Content-Encoding: gzip\r\n"), 415},
      {get("/" + std::string(9'000, 'x')), 414},
      {get("/", "X: " + std::string(20'000, 'x') + "\r\n"), 431},
      {get("/", many_fields(20'000)), 431},
      {post("x", many_fields(16'400)), 431},
      {"GET / HTTP/1.1\r\nHost: attacker.example\r\n\r\n", 421},
      {"GET / HTTP/1.1\r\nHost: 127.0.0.1.attacker.example:80\r\n\r\n", 421},
      {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 421},
      {"GET / HTTP/1.0\r\nHost: attacker.example\r\n\r\n", 421},
      {get("http://attacker.example/"), 421},
      {post("x", "Origin: http://attacker.example\r\n"), 403},
      {post("x", "Origin: http://localhost:3000\r\n"), 403},
      {post("x", "Origin: null\r\n"), 403},
      {post("x", "Origin: http://localhost\r\nOrigin: http://localhost\r\n"), 403},
      {"DELETE / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://attacker.example\r\n\r\n", 403},
      {chunked("Transfer-Encoding: gzip, chunked\r\n"), 501},
      {chunked("Transfer-Encoding: identity\r\n"), 501},
      {chunked("Transfer-Encoding: xchunked\r\n"), 501},
      {chunked("Transfer-Encoding: chunked, gzip\r\n"), 501},
      {chunked("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {chunked("Transfer-Encoding: chunked\r\nTE: gzip, chunked\r\n"), 400},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(200'000, 'x'), 400},
  };
  for (const auto& [request, status] : kCases) {
    HttpPeer peer(server->port());
    const HttpAnswer answer = peer.ask(request);
    EXPECT_EQ(answer.status, status) << request.substr(0, 100);
    EXPECT_NE(answer.header.find("application/problem+json"), std::string::npos);
    EXPECT_TRUE(peer.closed()) << request.substr(0, 100);
  }
}

TEST(HttpServerTest, DropsAPeerThatTricklesItsHeader) {
  const auto server = serve(quick());
  HttpPeer peer(server->port());
  const auto begin = Clock::now();
  peer.send("GET / HTTP/1.1\r\n");
  std::thread trickle([&] {
    while (Clock::now() < begin + 5s && peer.send("X: y\r\n")) std::this_thread::sleep_for(20ms);
  });
  EXPECT_EQ(peer.receive().status, 408);
  EXPECT_LT(Clock::now() - begin, 3s);
  trickle.join();
}

TEST(HttpServerTest, DropsAPeerThatTricklesItsBody) {
  const auto server = serve(quick());
  HttpPeer peer(server->port());
  const auto begin = Clock::now();
  peer.send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n");
  std::thread trickle([&] {
    while (Clock::now() < begin + 5s && peer.send("x")) std::this_thread::sleep_for(20ms);
  });
  EXPECT_EQ(peer.receive().status, 408);
  EXPECT_LT(Clock::now() - begin, 3s);
  trickle.join();
}

TEST(HttpServerTest, DropsAPeerThatDoesNotReadItsAnswer) {
  const auto server = serve(quick(), [](const Request&, const Respond& respond) {
    respond({200, "text/plain", std::string(64 * 1024 * 1024, 'x'), {}});
  });
  HttpPeer peer(server->port());
  peer.send(get("/"));
  const auto begin = Clock::now();
  while (server->connections() == 0 && Clock::now() < begin + 1s) std::this_thread::sleep_for(1ms);
  while (server->connections() > 0 && Clock::now() < begin + 10s) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(server->connections(), 0U);
}

TEST(HttpServerTest, ClosesIdleConnectionsAfterTheirTime) {
  ServerOptions options = quick();
  options.limits.idle_timeout = 200ms;
  const auto server = serve(options);
  HttpPeer peer(server->port());
  EXPECT_EQ(peer.ask(get("/")).status, 200);
  EXPECT_TRUE(peer.closed());
}

TEST(HttpServerTest, AnswersGoodRequestsBesideAThousandIdleAndSlowOnes) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const auto server = serve({});
  std::vector<HttpPeer> idle;
  for (int i = 0; i < 1'200; ++i) {
    idle.emplace_back(server->port());
    if (i % 2 == 0) idle.back().send("GET / HT");
  }
  HttpPeer peer(server->port());
  const auto begin = Clock::now();
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(peer.ask(get("/")).status, 200);
  EXPECT_LT(Clock::now() - begin, 5s);
  EXPECT_EQ(server->connections(), 1'201U);
  EXPECT_EQ(idle[1].ask(get("/late")).status, 200);
}

TEST(HttpServerTest, IsAskedUnderNamesOfTheLoopbackAndThoseGiven) {
  ServerOptions options;
  options.names = {"Books.example", "192.0.2.7"};
  const auto server = serve(options);
  HttpPeer peer(server->port());
  for (const char* host : {"localhost", "LOCALHOST:8080", "a.localhost", "localhost.", "127.0.0.1", "127.0.0.1:80",
                           "127.9.9.9:1", "[::1]", "[::1]:8080", "books.example:443", "BOOKS.EXAMPLE", "192.0.2.7"}) {
    EXPECT_EQ(peer.ask("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n").status, 200) << host;
  }
  for (const char* host : {"books.example.org", "192.0.2.8", "localhost:80:80", "a@localhost", "localhost:x", "[::1",
                           "::1", "[::2]", "2130706433", ".", ":80"}) {
    HttpPeer other(server->port());
    EXPECT_EQ(other.ask("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n").status, 421) << host;
  }
}

TEST(HttpServerTest, TakesWhatItsOwnPagesSend) {
  const auto server = serve({});
  HttpPeer peer(server->port());
  for (const char* origin : {"http://localhost", "https://localhost", "HTTP://LOCALHOST"}) {
    const bool own = origin[0] == 'h';
    HttpPeer other(server->port());
    EXPECT_EQ(other.ask(post("x", "Origin: " + std::string(origin) + "\r\n")).status, own ? 200 : 403) << origin;
  }
  // What changes nothing cannot be read there either.
  EXPECT_EQ(peer.ask(get("/", "Origin: http://attacker.example\r\n")).status, 200);
}

TEST(HttpServerTest, TakesAHeaderUpToTheLimit) {
  const auto server = serve({});
  HttpPeer peer(server->port());
  const std::string request = get("/", many_fields(16'000));
  EXPECT_EQ(peer.ask(request).status, 200);
  for (std::size_t at = 0; at < request.size(); at += 1'000) peer.send(std::string_view(request).substr(at, 1'000));
  EXPECT_EQ(peer.receive().status, 200);
}

TEST(HttpServerTest, EveryAnswerSaysThatItsTypeIsItsType) {
  const auto server = serve({});
  HttpPeer peer(server->port());
  for (const std::string& request : {get("/"), get("/%")}) {
    EXPECT_NE(peer.ask(request).header.find("X-Content-Type-Options: nosniff\r\n"), std::string::npos);
  }
}

TEST(HttpServerTest, AtTheLimitTheConnectionGoesThatHasWaitedLongest) {
  ServerOptions options;
  options.connections_max = 4;
  const auto server = serve(options);
  std::vector<HttpPeer> idle;
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(idle.emplace_back(server->port()).ask(get("/")).status, 200);
    std::this_thread::sleep_for(5ms);
  }
  EXPECT_EQ(idle[0].ask(get("/")).status, 200);
  std::this_thread::sleep_for(5ms);
  HttpPeer one(server->port());
  EXPECT_EQ(one.ask(get("/")).status, 200);
  EXPECT_TRUE(idle[1].closed());
  // One that does not end its header has waited as well.
  idle[2].send("GET / HT");
  std::this_thread::sleep_for(5ms);
  HttpPeer two(server->port());
  EXPECT_EQ(two.ask(get("/")).status, 200);
  EXPECT_TRUE(idle[3].closed());
  for (HttpPeer* peer : {&idle[0], &one, &two}) EXPECT_EQ(peer->ask(get("/")).status, 200);
  HttpPeer three(server->port());
  EXPECT_EQ(three.ask(get("/")).status, 200);
  EXPECT_TRUE(idle[2].closed());
}

TEST(HttpServerTest, ManyIdleConnectionsShutNobodyOut) {
  ServerOptions options;
  options.connections_max = 50;
  const auto server = serve(options);
  std::vector<HttpPeer> idle;
  for (int i = 0; i < 300; ++i) idle.emplace_back(server->port());
  for (int i = 0; i < 20; ++i) {
    HttpPeer peer(server->port());
    ASSERT_EQ(peer.ask(get("/")).status, 200);
  }
  EXPECT_LE(server->connections(), 60U);
}

TEST(HttpServerTest, WithAllConnectionsBusyANewOneIsTold) {
  ServerOptions options;
  options.connections_max = 2;
  std::latch go(1);
  std::atomic<int> begun = 0;
  const auto server = serve(options, [&](const Request&, const Respond& respond) {
    ++begun;
    go.wait();
    respond({200, "text/plain", "done", {}});
  });
  HttpPeer first(server->port());
  HttpPeer second(server->port());
  first.send(get("/"));
  second.send(get("/"));
  while (begun < 2) std::this_thread::sleep_for(1ms);
  HttpPeer third(server->port());
  const HttpAnswer answer = third.ask(get("/"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(answer.header.find("Connection: close"), std::string::npos);
  go.count_down();
  EXPECT_EQ(first.receive().status, 200);
  EXPECT_EQ(second.receive().status, 200);
}

TEST(HttpServerTest, BodiesTogetherTakeNoMoreThanTheirMemory) {
  constexpr std::size_t kMax = 16 * 1024 * 1024;
  ServerOptions options;
  options.bodies_bytes_max = kMax;
  const auto server = serve(options);
  const std::string half(2 * 1024 * 1024, 'x');
  std::vector<HttpPeer> held;
  int refused = 0;
  for (int i = 0; i < 40; ++i) {
    const bool chunks = i % 2 == 0;
    HttpPeer& peer = held.emplace_back(server->port());
    peer.send("POST /p HTTP/1.1\r\nHost: localhost\r\n");
    peer.send(chunks ? "Transfer-Encoding: chunked\r\n\r\n200000\r\n" : "Content-Length: 4194304\r\n\r\n");
    peer.send(half);
    EXPECT_LE(server->bodies_bytes(), kMax);
  }
  // Those that found no memory are told so, and nobody waits for the others.
  const auto has_answer = [](HttpPeer& peer) { return peer.has_answer(); };
  const auto begin = Clock::now();
  while (std::ranges::count_if(held, has_answer) <= 30 && Clock::now() < begin + 20s) std::this_thread::sleep_for(1ms);
  for (HttpPeer& peer : held) {
    if (!peer.has_answer()) continue;
    ++refused;
    const HttpAnswer answer = peer.receive();
    EXPECT_EQ(answer.status, 429);
    EXPECT_NE(answer.header.find("Retry-After: 1"), std::string::npos);
  }
  EXPECT_GT(refused, 30);
  EXPECT_LT(refused, 39);
  // What asks for nothing of it is answered all the while, and when they go all is as before.
  HttpPeer peer(server->port());
  EXPECT_EQ(peer.ask(get("/")).status, 200);
  held.clear();
  while (server->bodies_bytes() > 0 && Clock::now() < begin + 30s) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(server->bodies_bytes(), 0U);
  EXPECT_EQ(peer.ask(post(half + half)).status, 200);
}

TEST(HttpServerTest, ABodyThatIsDroppedGivesItsMemoryBackAndNotTheShareAlone) {
  MemoryBudget memory(4 * 1024 * 1024);
  BodyShare share(memory);
  SharedBody::value_type body{std::string(1024 * 1024, 'x'), &share};
  ASSERT_TRUE(share.resize(body.text.size()));
  body.drop();
  EXPECT_EQ(memory.taken(), 0U);
  EXPECT_LT(body.text.capacity(), 64U);
}

TEST(HttpServerTest, ABodyHasItsShareUntilItsRequestIsAnswered) {
  ServerOptions options;
  options.bodies_bytes_max = 4 * 1024 * 1024;
  std::mutex mutex;
  std::vector<Respond> waiting;
  const auto server = serve(options, [&](const Request&, Respond respond) {
    const std::lock_guard lock(mutex);
    waiting.push_back(std::move(respond));
  });
  HttpPeer first(server->port());
  first.send(post(std::string(3 * 1024 * 1024, 'x')));
  const auto begin = Clock::now();
  for (bool is_there = false; !is_there && Clock::now() < begin + 5s;) {
    const std::lock_guard lock(mutex);
    is_there = !waiting.empty();
  }
  HttpPeer second(server->port());
  EXPECT_EQ(second.ask(post(std::string(2 * 1024 * 1024, 'x'))).status, 429);
  {
    const std::lock_guard lock(mutex);
    waiting.at(0)({200, "text/plain", "done", {}});
  }
  EXPECT_EQ(first.receive().status, 200);
  EXPECT_EQ(server->bodies_bytes(), 0U);
}

// Handlers that work on until they are asked to stop.
void work_until_stopped(const Request& request, const Respond& respond, std::atomic<int>& stopped) {
  const auto begin = Clock::now();
  while (!request.stop.stop_requested() && Clock::now() < begin + 20s) std::this_thread::sleep_for(1ms);
  if (request.stop.stop_requested()) ++stopped;
  respond({503, "text/plain", "given up", {}});
}

TEST(HttpServerTest, ARequestIsGivenUpWhenItsPeerGoes) {
  std::atomic<int> begun = 0;
  std::atomic<int> stopped = 0;
  const auto server = serve(quick(), [&](Request request, const Respond& respond) {
    ++begun;
    work_until_stopped(request, respond, stopped);
  });
  {
    HttpPeer gone(server->port());
    gone.send(get("/"));
    while (begun == 0) std::this_thread::sleep_for(1ms);
  }
  const auto begin = Clock::now();
  while (stopped == 0 && Clock::now() < begin + 10s) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(stopped, 1);
}

TEST(HttpServerTest, WhoHasEndedItsSideIsAnsweredWhatIsSoonDone) {
  ServerOptions options = quick();
  options.sweep_interval = 200ms;
  const auto server = serve(options, [](const Request&, const Respond& respond) {
    std::this_thread::sleep_for(60ms);
    respond({200, "text/plain", "done", {}});
  });
  // Whenever the server looks after its peers.
  for (int i = 0; i < 12; ++i) {
    HttpPeer peer(server->port());
    peer.send(get("/"));
    peer.end();
    EXPECT_EQ(peer.receive().status, 200);
  }
}

// Who has gone while it waited for a worker is told, if it is still there, and not as a fault of the server.
TEST(HttpServerTest, WhatNobodyWaitsForIsNotBegun) {
  ServerOptions options = quick();
  options.workers = 1;
  std::atomic<int> begun = 0;
  const auto server = serve(options, [&](const Request&, const Respond& respond) {
    ++begun;
    std::this_thread::sleep_for(400ms);
    respond({200, "text/plain", "done", {}});
  });
  HttpPeer first(server->port());
  first.send(get("/"));
  while (begun == 0) std::this_thread::sleep_for(1ms);
  HttpPeer second(server->port());
  second.send(get("/"));
  second.end();
  EXPECT_EQ(second.receive().status, 503);
  EXPECT_EQ(first.receive().status, 200);
  EXPECT_EQ(begun, 1);
}

TEST(HttpServerTest, StopGivesUpWhatTakesTooLong) {
  ServerOptions options = quick();
  options.stop_timeout = 100ms;
  std::atomic<int> begun = 0;
  std::atomic<int> stopped = 0;
  const auto server = serve(options, [&](Request request, const Respond& respond) {
    ++begun;
    work_until_stopped(request, respond, stopped);
  });
  HttpPeer peer(server->port());
  peer.send(get("/"));
  while (begun == 0) std::this_thread::sleep_for(1ms);
  const auto begin = Clock::now();
  server->stop();
  EXPECT_LT(Clock::now() - begin, 3s);
  EXPECT_EQ(stopped, 1);
}

TEST(HttpServerTest, SaysBusyWhenTheWorkersQueueIsFull) {
  ServerOptions options;
  options.workers = 1;
  options.queue_max = 1;
  std::latch go(1);
  std::atomic<int> begun = 0;
  const auto server = serve(options, [&](const Request&, const Respond& respond) {
    ++begun;
    go.wait();
    respond({200, "text/plain", "done", {}});
  });
  HttpPeer running(server->port());
  running.send(get("/"));
  while (begun == 0) std::this_thread::sleep_for(1ms);
  // Of these two one waits in the queue and the other is refused.
  HttpPeer one(server->port());
  HttpPeer other(server->port());
  one.send(get("/"));
  other.send(get("/"));
  std::this_thread::sleep_for(100ms);
  go.count_down();
  EXPECT_EQ(running.receive().status, 200);
  const int first = one.receive().status;
  const int second = other.receive().status;
  EXPECT_EQ(first + second, 200 + 503);
  EXPECT_EQ(one.ask(get("/")).status, 200);
}

TEST(HttpServerTest, WhatHasWorkersOfItsOwnIsNotKeptWaitingByOthers) {
  ServerOptions options;
  options.workers = 1;
  options.groups = {{[](const Request& request) { return request.path == "/healthz"; }, 1}};
  std::latch go(1);
  std::atomic<int> begun = 0;
  const auto server = serve(options, [&](const Request& request, const Respond& respond) {
    if (request.path != "/healthz") {
      ++begun;
      go.wait();
    }
    respond({200, "text/plain", "done", {}});
  });
  std::vector<HttpPeer> busy;
  for (int i = 0; i < 5; ++i) busy.emplace_back(server->port()).send(get("/question"));
  while (begun == 0) std::this_thread::sleep_for(1ms);
  HttpPeer peer(server->port());
  EXPECT_EQ(peer.ask(get("/healthz")).status, 200);
  EXPECT_EQ(begun, 1);
  go.count_down();
  for (HttpPeer& each : busy) EXPECT_EQ(each.receive().status, 200);
}

TEST(HttpServerTest, WhatWaitsForAWorkerIsDroppedWhenItsClientHasGone) {
  ServerOptions options = quick();
  options.workers = 1;
  std::latch go(1);
  std::atomic<int> begun = 0;
  const auto server = serve(options, [&](const Request&, const Respond& respond) {
    if (++begun == 1) go.wait();
    respond({200, "text/plain", "done", {}});
  });
  HttpPeer running(server->port());
  running.send(get("/"));
  while (begun == 0) std::this_thread::sleep_for(1ms);
  {
    std::vector<HttpPeer> leaving;
    for (int i = 0; i < 20; ++i) leaving.emplace_back(server->port()).send(get("/"));
    std::this_thread::sleep_for(100ms);
  }
  std::this_thread::sleep_for(500ms);
  go.count_down();
  EXPECT_EQ(running.receive().status, 200);
  EXPECT_EQ(running.ask(get("/")).status, 200);
  EXPECT_EQ(begun, 2) << "what nobody waited for was not begun";
}

TEST(HttpServerTest, AnswersFromAnotherThreadLater) {
  std::vector<std::thread> threads;
  std::mutex mutex;
  const auto server = serve({}, [&](Request request, Respond respond) {
    const std::lock_guard lock(mutex);
    threads.emplace_back([respond = std::move(respond), path = std::move(request.path)] {
      std::this_thread::sleep_for(20ms);
      respond({201, "text/plain", path, {{"X-Split", "a\r\nInjected: b"}}});
      respond({500, "text/plain", "the second answer does not count", {}});
    });
  });
  HttpPeer peer(server->port());
  for (const char* path : {"/a", "/b", "/c"}) {
    const HttpAnswer answer = peer.ask(get(path));
    EXPECT_EQ(answer.status, 201);
    EXPECT_EQ(answer.body, path);
    EXPECT_EQ(answer.header.find("\r\nInjected"), std::string::npos);
  }
  const std::lock_guard lock(mutex);
  for (std::thread& thread : threads) thread.join();
}

TEST(HttpServerTest, StreamsWhatIsPushedUntilItIsClosed) {
  const auto stream = std::make_shared<Stream>();
  const auto server = serve({}, [&](Request request, const Respond& respond) {
    if (request.path != "/changes") return echo(std::move(request), respond);
    respond({200, "text/event-stream", "hello\n", {}, stream});
  });
  HttpPeer peer(server->port());
  EXPECT_NE(peer.ask(get("/changes")).header.find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_EQ(peer.receive_chunk(), "hello\n");
  for (int i = 0; i < 100; ++i) {
    const std::string note = "note " + std::to_string(i) + "\n";
    EXPECT_TRUE(stream->push(note));
    EXPECT_EQ(peer.receive_chunk(), note);
  }
  stream->close();
  EXPECT_EQ(peer.receive_chunk(), "");
  EXPECT_FALSE(stream->push("more"));
  EXPECT_EQ(peer.ask(get("/next")).body, "GET /next [next]");
}

TEST(HttpServerTest, AStreamEndsWithItsPeerAndWithTheServer) {
  std::vector<std::shared_ptr<Stream>> streams = {std::make_shared<Stream>(), std::make_shared<Stream>(),
                                                  std::make_shared<Stream>()};
  const auto server = serve(quick(), [&](Request request, const Respond& respond) {
    const auto index = static_cast<std::size_t>(request.path.back() - '0');
    respond({200, "text/event-stream", "", {}, streams[index]});
  });
  const auto ends = [&](std::size_t index, std::string_view note) {
    for (int i = 0; i < 10'000; ++i) {
      if (!streams[index]->push(note)) return true;
      std::this_thread::sleep_for(1ms);
    }
    return false;
  };
  {
    HttpPeer gone(server->port());
    EXPECT_EQ(gone.ask(get("/0")).status, 200);
  }
  EXPECT_TRUE(ends(0, "note\n"));
  HttpPeer slow(server->port());
  slow.send(get("/1"));
  EXPECT_TRUE(ends(1, std::string(500'000, 'x')));
  HttpPeer last(server->port());
  EXPECT_EQ(last.ask(get("/2")).status, 200);
  EXPECT_TRUE(streams[2]->push("note\n"));
  EXPECT_EQ(last.receive_chunk(), "note\n");
  server->stop();
  EXPECT_EQ(last.receive_chunk(), "");
  EXPECT_TRUE(last.closed());
  EXPECT_FALSE(streams[2]->push("note\n"));
}

// Gives so many pieces "piece N\n", or of so many bytes; then its end, or nothing.
class Pieces final : public BodySource {
 public:
  struct Seen {
    std::atomic<int> asked = 0;
    std::atomic<int> at_once = 0;
    std::atomic<bool> overlapped = false;
    std::atomic<bool> gone = false;
    std::atomic<std::size_t> shares = 0;
  };
  Pieces(std::shared_ptr<Seen> seen, int pieces, bool ends = true, std::size_t bytes = 0)
      : seen_(std::move(seen)), pieces_(pieces), ends_(ends), bytes_(bytes) {}
  ~Pieces() override { seen_->gone = true; }

  std::optional<Piece> next() override {
    if (++seen_->at_once > 1) seen_->overlapped = true;
    const int number = seen_->asked++;
    --seen_->at_once;
    if (number == pieces_ && !ends_) return std::nullopt;
    Piece piece{"piece " + std::to_string(number) + "\n", ends_ && number + 1 == pieces_};
    piece.bytes.resize(std::max(piece.bytes.size(), bytes_), '.');
    ++seen_->shares;
    piece.share = std::shared_ptr<void>(nullptr, [seen = seen_](void*) { --seen->shares; });
    return piece;
  }

 private:
  const std::shared_ptr<Seen> seen_;
  const int pieces_;
  const bool ends_;
  const std::size_t bytes_;
};

bool comes(const std::function<bool()>& condition, std::chrono::milliseconds within = 10s) {
  const auto until = Clock::now() + within;
  while (!condition()) {
    if (Clock::now() > until) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

TEST(HttpServerTest, ABodyThatIsMadePieceByPieceComesWholeAndTheConnectionGoesOn) {
  const auto seen = std::make_shared<Pieces::Seen>();
  const auto server = serve(quick(), [&](Request request, const Respond& respond) {
    if (request.path != "/file") return echo(std::move(request), respond);
    seen->asked = 0;
    Response response{200, "text/csv", "head\n", {}};
    response.source = std::make_shared<Pieces>(seen, 1'000);
    respond(std::move(response));
  });
  HttpPeer peer(server->port());
  EXPECT_NE(peer.ask(get("/file")).header.find("Transfer-Encoding: chunked"), std::string::npos);
  EXPECT_EQ(peer.receive_chunk(), "head\n");
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(peer.receive_chunk(), "piece " + std::to_string(i) + "\n");
  EXPECT_EQ(peer.receive_chunk(), "");
  EXPECT_EQ(seen->asked, 1'000);
  EXPECT_FALSE(seen->overlapped);
  EXPECT_EQ(peer.ask(get("/next")).body, "GET /next [next]");
  EXPECT_TRUE(comes([&] { return seen->gone && seen->shares == 0; }));
  // HEAD makes none.
  peer.send("HEAD /file HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const HttpAnswer head = peer.receive(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header.find("Content-Length"), std::string::npos);
  EXPECT_EQ(peer.ask(get("/next")).body, "GET /next [next]");
  EXPECT_EQ(seen->asked, 0);
  // Without chunks it ends with the connection.
  HttpPeer old(server->port());
  old.send("GET /file HTTP/1.0\r\n\r\n");
  const std::string all = old.receive_all();
  EXPECT_NE(all.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(all.find("chunked"), std::string::npos);
  EXPECT_NE(all.find("\r\n\r\nhead\npiece 0\n"), std::string::npos);
  EXPECT_TRUE(all.ends_with("piece 999\n"));
  EXPECT_FALSE(old.was_reset());
}

TEST(HttpServerTest, ABodyThatCannotGoOnIsSeenToBeCut) {
  const auto server = serve(quick(), [&](const Request& request, const Respond& respond) {
    Response response{200, "text/csv", "head\n", {}};
    response.source =
        std::make_shared<Pieces>(std::make_shared<Pieces::Seen>(), request.path == "/none" ? 0 : 2, false);
    respond(std::move(response));
  });
  for (const char* path : {"/two", "/none"}) {
    HttpPeer peer(server->port());
    EXPECT_EQ(peer.ask(get(path)).status, 200);
    EXPECT_EQ(peer.receive_chunk(), "head\n");
    for (int i = 0; i < 2 && path == std::string("/two"); ++i)
      EXPECT_EQ(peer.receive_chunk(), "piece " + std::to_string(i) + "\n");
    EXPECT_EQ(peer.receive_chunk(), "(closed)") << "and no last chunk";
    const auto cut = ask("http://localhost:" + std::to_string(server->port()), {path + 1}, {});
    ASSERT_FALSE(cut);
    EXPECT_NE(cut.error().message.find("is not whole"), std::string::npos) << cut.error().message;
    HttpPeer old(server->port());
    old.send("GET " + std::string(path) + " HTTP/1.0\r\n\r\n");
    old.receive_all();
    EXPECT_TRUE(old.was_reset());
  }
}

TEST(HttpServerTest, APeerThatReadsSlowlySlowsItsBodyAndHoldsNoWorker) {
  constexpr std::size_t kBytes = 1 << 20;
  ServerOptions options = quick();
  options.limits.write_timeout = 2s;
  options.workers = 1;
  const auto seen = std::make_shared<Pieces::Seen>();
  const auto server = serve(options, [&](Request request, const Respond& respond) {
    if (request.path != "/file") return echo(std::move(request), respond);
    Response response{200, "text/csv", "", {}};
    response.source = std::make_shared<Pieces>(seen, 1'000, true, kBytes);
    respond(std::move(response));
  });
  HttpPeer slow(server->port());
  slow.send(get("/file"));
  EXPECT_TRUE(comes([&] { return seen->asked > 1; }));
  // What the sockets hold, and two pieces: the one that is sent, and the next.
  std::this_thread::sleep_for(300ms);
  const int held = seen->asked;
  EXPECT_LT(held, 30);
  EXPECT_LE(seen->shares, 2U);
  HttpPeer other(server->port());
  EXPECT_EQ(other.ask(get("/next")).body, "GET /next [next]") << "the one worker is free";
  EXPECT_EQ(seen->asked, held);
  // As it reads, more is made; when it stops for too long, it is given up.
  EXPECT_EQ(slow.receive().status, 200);
  for (int i = 0; i < 40; ++i) ASSERT_EQ(slow.receive_chunk().size(), kBytes);
  EXPECT_GE(seen->asked, 40);
  EXPECT_TRUE(comes([&] { return seen->gone.load(); }));
  EXPECT_LT(seen->asked, 80);
}

TEST(HttpServerTest, ABodyIsMadeNoFurtherOnceItsPeerHasGone) {
  // Waits until it is told that nobody waits any more.
  struct Waits final : BodySource {
    explicit Waits(std::stop_token given, std::atomic<bool>& has_ended) : stop(std::move(given)), ended(has_ended) {}
    ~Waits() override { ended = true; }
    std::optional<Piece> next() override {
      while (!stop.stop_requested()) std::this_thread::sleep_for(1ms);
      return std::nullopt;
    }
    const std::stop_token stop;
    std::atomic<bool>& ended;
  };
  std::atomic<bool> ended = false;
  ServerOptions options = quick();
  options.stop_timeout = 100ms;
  const auto server = serve(options, [&](const Request& request, const Respond& respond) {
    Response response{200, "text/csv", "head\n", {}};
    response.source = std::make_shared<Waits>(request.stop, ended);
    respond(std::move(response));
  });
  {
    HttpPeer leaving(server->port());
    EXPECT_EQ(leaving.ask(get("/")).status, 200);
    EXPECT_EQ(leaving.receive_chunk(), "head\n");
    EXPECT_FALSE(ended);
  }
  EXPECT_TRUE(comes([&] { return ended.load(); }, 1s));
  // Nor once the server ends.
  ended = false;
  HttpPeer staying(server->port());
  EXPECT_EQ(staying.ask(get("/")).status, 200);
  EXPECT_EQ(staying.receive_chunk(), "head\n");
  server->stop();
  EXPECT_TRUE(ended);
  EXPECT_EQ(staying.receive_chunk(), "(closed)");
}

TEST(HttpServerTest, AHandlerThatFailsOrForgetsIsA500) {
  const auto server = serve({}, [](Request request, const Respond& respond) {
    if (request.path == "/throw") throw std::runtime_error("broken");
    if (request.path == "/ok") respond({200, "text/plain", "ok", {}});
  });
  HttpPeer peer(server->port());
  EXPECT_EQ(peer.ask(get("/throw")).status, 500);
  EXPECT_EQ(peer.ask(get("/forget")).status, 500);
  EXPECT_EQ(peer.ask(get("/ok")).status, 200);
}

TEST(HttpServerTest, StopFinishesWhatIsUnderWay) {
  std::atomic<bool> begun = false;
  const auto server = serve({}, [&](const Request&, const Respond& respond) {
    begun = true;
    std::this_thread::sleep_for(200ms);
    respond({200, "text/plain", "finished", {}});
  });
  HttpPeer idle(server->port());
  HttpPeer busy(server->port());
  busy.send(get("/"));
  while (!begun) std::this_thread::sleep_for(1ms);
  std::thread stop([&] { server->stop(); });
  const HttpAnswer answer = busy.receive();
  EXPECT_EQ(answer.body, "finished");
  EXPECT_NE(answer.header.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(busy.closed());
  EXPECT_TRUE(idle.closed());
  stop.join();
}

TEST(HttpServerTest, StopDoesNotWaitForEverAndAnswersMayComeAfterIt) {
  ServerOptions options = quick();
  options.stop_timeout = 100ms;
  std::mutex mutex;
  std::vector<Respond> kept;
  auto server = serve(options, [&](const Request&, Respond respond) {
    const std::lock_guard lock(mutex);
    kept.push_back(std::move(respond));
  });
  HttpPeer peer(server->port());
  peer.send(get("/"));
  const auto begin = Clock::now();
  while (Clock::now() < begin + 5s) {
    const std::lock_guard lock(mutex);
    if (!kept.empty()) break;
  }
  server->stop();
  EXPECT_LT(Clock::now() - begin, 3s);
  EXPECT_TRUE(peer.closed());
  server.reset();
  kept.front()({200, "text/plain", "too late", {}});
}

TEST(HttpServerTest, ListensOnLoopbackOnly) {
  ServerOptions options;
  for (const char* address : {"0.0.0.0", "::", "192.0.2.1"}) {
    options.address = address;
    const auto server = Server::start(options, echo);
    ASSERT_FALSE(server) << address;
    EXPECT_EQ(server.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(server.error().message.find("TLS"), std::string::npos);
  }
  options.address = "nowhere";
  EXPECT_FALSE(Server::start(options, echo));
  options.beyond_loopback = true;
  EXPECT_FALSE(Server::start(options, echo));
}

TEST(HttpServerTest, ListensForOtherMachinesWhereThatIsAskedFor) {
  ServerOptions options;
  options.address = "0.0.0.0";
  options.beyond_loopback = true;
  const auto server = Server::start(options, echo);
  ASSERT_TRUE(server) << server.error().message;
  EXPECT_TRUE(ask(fmt::format("http://127.0.0.1:{}", (*server)->port()), {""}, {}));
  EXPECT_EQ(is_loopback("127.0.0.1"), true);
  EXPECT_EQ(is_loopback("127.1.2.3"), true);
  EXPECT_EQ(is_loopback("::1"), true);
  EXPECT_EQ(is_loopback("localhost"), true);
  EXPECT_EQ(is_loopback("0.0.0.0"), false);
  EXPECT_EQ(is_loopback("::"), false);
  EXPECT_EQ(is_loopback("192.0.2.1"), false);
  EXPECT_EQ(is_loopback("books.example"), std::nullopt);
}

TEST(HttpServerTest, APortInUseIsAnError) {
  const auto server = serve({});
  ServerOptions options;
  options.port = server->port();
  const auto second = Server::start(options, echo);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace daybook::http
