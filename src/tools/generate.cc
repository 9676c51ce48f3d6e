#include "tools/generate.h"

#include "base/ensure.h"
#include "tools/history/orders.h"
#include "tools/history/receivables.h"
#include "tools/history/reference.h"

namespace daybook::tools {

class Generator::Company {
 public:
  explicit Company(const GenerateOptions& options)
      : world_(options), reference_(world_), receivables_(world_), orders_(world_, receivables_) {}

  bool next(events::v1::Event& event) {
    while (!world_.agenda.empty()) {
      const history::Step step = world_.agenda.take();
      if (step.at >= world_.end()) return false;
      if (act(step, event)) return true;
    }
    return false;
  }

 private:
  bool act(const history::Step& step, events::v1::Event& event) {
    using history::Action;
    switch (step.action) {
      case Action::kOpenAccount: reference_.open_account(step, event); return true;
      case Action::kReviewAccount: reference_.review_account(step, event); return true;
      case Action::kPublishRate: reference_.publish_rate(step, event); return true;
      case Action::kSetTarget: reference_.set_target(step, event); return true;
      default: return step.action < Action::kBillMonth ? orders_.act(step, event) : receivables_.act(step, event);
    }
  }

  history::World world_;
  history::Reference reference_;
  history::Receivables receivables_;
  history::Orders orders_;
};

Generator::Generator(const GenerateOptions& options) {
  ENSURE(options.customers > 0 && options.orders >= 0 && options.from <= options.to,
         "the caller checks what people ask for");
  company_ = std::make_unique<Company>(options);
}

Generator::~Generator() = default;

bool Generator::next(events::v1::Event& event) { return company_->next(event); }

}  // namespace daybook::tools
