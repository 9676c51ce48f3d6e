#include "app/questions.h"

#include <utility>

#include "app/today.h"
#include "http/body_source.h"
#include "http/page.h"
#include "http/problem.h"
#include "query/router.h"

namespace daybook::app {
namespace {

constexpr std::string_view kReconciliation = "/v1/receivables/reconciliation";

// What follows a file's beginning; the shards stay until it has.
class RestOfFile final : public http::BodySource {
 public:
  RestOfFile(std::shared_ptr<query::Pieces> rest, std::shared_ptr<const query::ShardSource> shards)
      : shards_(std::move(shards)), rest_(std::move(rest)) {}

  std::optional<http::Piece> next() override {
    try {
      query::Piece piece = rest_->next();
      return http::Piece{std::move(piece.bytes), piece.is_last, std::move(piece.memory)};
    } catch (const query::Refusal&) {
      return std::nullopt;
    }
  }

 private:
  const std::shared_ptr<const query::ShardSource> shards_;
  const std::shared_ptr<query::Pieces> rest_;
};

http::Response to_response(query::Rendered rendered) {
  if (rendered.content_type.starts_with("text/html")) return http::page(std::move(rendered.body));
  http::Response response{rendered.status, std::move(rendered.content_type), std::move(rendered.body), {}};
  response.share = std::move(rendered.memory);
  return response;
}

http::Response not_known(const Error& why) { return http::problem(503, "Shards not available", why.message); }

}  // namespace

bool is_reconciliation(const http::Request& request) { return request.path == kReconciliation; }

Questions::Questions(FindShards shards, std::optional<Day> today, std::shared_ptr<MemoryBudget> answers, Submit submit)
    : shards_(std::move(shards)),
      fixed_today_(today),
      submit_(std::move(submit)),
      answers_(std::move(answers)),
      waiting_(shards_) {}

Result<Day> Questions::today() const {
  if (fixed_today_) return *fixed_today_;
  ASSIGN_OR_RETURN(const auto shards, shards_());
  return today_of(std::nullopt, shards->rules().zone);
}

MemoryUse Questions::memory() const { return {"answers", answers_->taken(), answers_->bytes_max()}; }

void Questions::ask(http::Request request, http::Respond respond) {
  const auto shards = shards_();
  if (!shards) return respond(not_known(shards.error()));
  query::Wait wait;
  try {
    query::Parameters parameters(request.parameters);
    wait = query::read_wait(**shards, parameters);
  } catch (const query::Refusal& refusal) {
    return respond(to_response(query::render(refusal.problem)));
  }
  if (query::first_missing(**shards, wait) == nullptr || wait.at_most.count() == 0) return respond(answer(request));
  const auto shared = std::make_shared<http::Request>(std::move(request));
  const auto go_on = [this, shared, respond] {
    if (!submit_([this, shared, respond] { respond(answer(*shared)); })) {
      respond(http::problem(503, "Too busy", "too many requests are waiting; try again"));
    }
  };
  const auto let_go = [respond] {
    respond(http::problem(503, "Not folded yet", "the server ends before what is waited for is folded; ask again"));
  };
  waiting_.add(std::move(wait), shared->stop, go_on, let_go);
}

http::Response Questions::answer(const http::Request& request) {
  const auto shards = shards_();
  if (!shards) return not_known(shards.error());
  const query::Today today = [&] { return today_of(fixed_today_, (*shards)->rules().zone); };
  query::Request asked{.segments = request.segments, .parameters = request.parameters, .accept = request.accept};
  asked.stop = request.stop;
  asked.memory = answers_;
  if (is_reconciliation(request)) asked.body = request.body;
  query::Rendered rendered = query::begin_answer(**shards, today, asked);
  std::shared_ptr<query::Pieces> rest = std::move(rendered.rest);
  http::Response response = to_response(std::move(rendered));
  if (rest != nullptr) response.source = std::make_shared<RestOfFile>(std::move(rest), *shards);
  if (response.status == 429) response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace daybook::app
