#include "app/front.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <map>
#include <vector>

#include "app/dashboard.h"
#include "app/openapi.h"
#include "app/questions.h"
#include "http/problem.h"
#include "query/router.h"

namespace daybook::app {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kEvents = "/v1/events";
constexpr std::string_view kChanges = "/v1/changes";

// Beside those that are streams, and half of the file handles there may be: the stores need some, too.
std::size_t connections_max(const Settings& settings) {
  const std::size_t wanted = http::ServerOptions().connections_max + settings.streams_max;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return wanted;
  files.rlim_cur = files.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &files) != 0) ::getrlimit(RLIMIT_NOFILE, &files);
  return std::min<std::size_t>(wanted, files.rlim_cur / 2);
}

// However many questions there are: whether it lives and how it is can be asked, and what they ask about published.
std::vector<http::WorkerGroup> groups_apart(unsigned threads) {
  const auto is_one_of = [](std::initializer_list<std::string_view> paths) {
    return [paths = std::vector<std::string_view>(paths)](const http::Request& request) {
      return std::ranges::find(paths, request.path) != paths.end();
    };
  };
  return {{is_one_of({"/healthz"}), 1},
          {is_one_of({"/readyz", "/metrics", "/v1/status", kChanges}), 1},
          {is_one_of({kEvents}), threads}};
}

http::ServerOptions options_of(const Settings& settings, const std::string& listen) {
  http::ServerOptions options;
  const ListenAddress at = split_listen(listen);
  options.address = at.host;
  options.port = at.port;
  options.beyond_loopback = settings.unprotected;
  options.io_threads = static_cast<unsigned>(settings.threads);
  options.workers = static_cast<unsigned>(settings.threads) * 2;
  options.groups = groups_apart(static_cast<unsigned>(settings.threads));
  options.bodies_bytes_max = settings.memory_plan().bodies;
  options.names = settings.served_names;
  options.connections_max = connections_max(settings);
  return options;
}

http::Response wrong_method(const http::Request& request, const char* allowed) {
  http::Response refused = http::problem(405, "Method not allowed", request.method + " is not allowed here");
  refused.headers.emplace_back("Allow", allowed);
  return refused;
}

http::Response unknown_parameter(const std::string& name) {
  Faults faults;
  faults.add({0, name, "is not a parameter of this request"});
  const Fault& fault = faults.kept[0];
  return http::problem(400, "Bad parameter", fault.field + ": " + fault.message, faults);
}

http::Response served_by(const http::Request& request, const char* program) {
  return http::problem(404, "Not served here",
                       fmt::format("{} is served by {}, or by daybook up", request.path, program));
}

}  // namespace

std::size_t streams_max(const Settings& settings) {
  const std::size_t connections = connections_max(settings);
  return std::min(settings.streams_max, connections - std::min(http::ServerOptions().connections_max, connections / 2));
}

Front::Front(const Settings& settings, std::shared_ptr<Metrics> metrics)
    : settings_(settings), metrics_(std::move(metrics)) {}

Result<void> Front::start(const std::string& listen, Served served) {
  served_ = std::move(served);
  const http::ServerOptions options = options_of(settings_, listen);
  ASSIGN_OR_RETURN(server_, http::Server::start(options, [this](http::Request request, http::Respond respond) {
                     handle(std::move(request), std::move(respond));
                   }));
  serving_ = server_.get();
  address_ = fmt::format("http://{}:{}", listen.substr(0, listen.rfind(':')), server_->port());
  return {};
}

void Front::stop() {
  if (server_) server_->stop();
}

bool Front::submit(std::function<void()> task) {
  http::Server* const server = serving_;
  return server != nullptr && server->submit(std::move(task));
}

MemoryUse Front::memory() const {
  const http::Server* const server = serving_;
  return {"bodies", server == nullptr ? 0 : server->bodies_bytes(), settings_.memory_plan().bodies};
}

void Front::handle(http::Request request, http::Respond respond) const {
  // An answer may come when the program's parts have gone.
  auto measured = [metrics = metrics_, begin = steady_clock::now(), route = route_of(request.path, request.segments),
                   respond = std::move(respond)](http::Response response) {
    metrics->answered(route, response.status, steady_clock::now() - begin);
    respond(std::move(response));
  };
  answer(std::move(request), std::move(measured));
}

const std::function<http::Response()>* Front::plain(const std::string& path) const {
  static const std::function<http::Response()> alive = [] { return http::Response{200, "text/plain", "ok\n"}; };
  static const std::function<http::Response()> described = [] {
    return http::Response{200, "application/json", openapi()};
  };
  const std::map<std::string_view, const std::function<http::Response()>*> routes = {{"/", &served_.page},
                                                                                     {"/healthz", &alive},
                                                                                     {"/readyz", &served_.ready},
                                                                                     {"/metrics", &served_.metrics},
                                                                                     {"/v1/status", &served_.status}};
  if (path == "/openapi.json") return served_.ask ? &described : nullptr;
  const auto known = routes.find(path);
  return known == routes.end() || !*known->second ? nullptr : known->second;
}

void Front::answer(http::Request request, http::Respond respond) const {
  if (request.path == kEvents) {
    if (!served_.publish) return respond(served_by(request, "daybook-gateway"));
    if (request.method != "POST") return respond(wrong_method(request, "POST"));
    if (!request.parameters.empty()) return respond(unknown_parameter(request.parameters.begin()->first));
    return served_.publish(std::move(request), std::move(respond));
  }
  if (request.path == kChanges) {
    if (!served_.changes) return respond(served_by(request, "daybook-query"));
    if (request.method != "GET") return respond(wrong_method(request, "GET, HEAD"));
    if (!request.parameters.empty()) return respond(unknown_parameter(request.parameters.begin()->first));
    return respond(served_.changes(request));
  }
  const bool is_view = query::is_report(request.segments);
  const auto* const known = plain(request.path);
  const bool is_of_questions =
      is_view || is_reconciliation(request) || is_of_dashboard(request.path) || request.path == "/openapi.json";
  if (is_of_questions && !served_.ask) return respond(served_by(request, "daybook-query"));
  if (request.method != "GET" && (known != nullptr || is_view)) return respond(wrong_method(request, "GET, HEAD"));
  if (const auto file = dashboard_file(request)) {
    if (request.method != "GET") return respond(wrong_method(request, "GET, HEAD"));
    if (!request.parameters.empty()) return respond(unknown_parameter(request.parameters.begin()->first));
    return respond(*file);
  }
  if (known != nullptr) {
    if (!request.parameters.empty()) return respond(unknown_parameter(request.parameters.begin()->first));
    return respond((*known)());
  }
  if (is_reconciliation(request)) {
    if (request.method != "POST") return respond(wrong_method(request, "POST"));
    if (http::media_type(request.content_type) != "text/csv") {
      return respond(http::problem(415, "Unsupported content type", "a file to reconcile with is text/csv"));
    }
  }
  if (!served_.ask) return respond(http::problem(404, "Not found", "there is nothing at " + request.path));
  served_.ask(std::move(request), std::move(respond));
}

}  // namespace daybook::app
