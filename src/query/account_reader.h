// One account while a question reads it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "domain/account_state.h"
#include "evaluation/stored_account.h"
#include "index/files.h"
#include "query/model.h"
#include "query/question.h"
#include "query/question_memory.h"
#include "store/documents_ahead.h"

namespace daybook::query {

// A customer while a view reads it: the file and what attributes come to. One thread.
class AccountReader {
 public:
  AccountReader(const ShardSnapshot& shard, store::LabelId customer, const domain::Rules& rules, FileChoice choice);

  store::LabelId id() const { return id_; }
  std::string_view name() const { return name_; }
  // What is known about the account.
  domain::AccountState& account();
  // One that is known to be there: a fact or an index names it. A document that cannot be had is refused, here and
  // wherever its state comes to it: no answer goes without it.
  const domain::Document& document(domain::DocumentRef ref);
  // A document's bytes that a scan came by: they are not read again where it is asked for.
  void take_bytes(std::string_view key, std::string_view bytes);
  // Whether it has an event that is known.
  bool is_known();
  // Its documents, in the order of kinds and ids; and those that receivables are made of. They point into this.
  std::span<const domain::DocumentRef> documents();
  std::span<const domain::DocumentRef> receivable_documents();
  // Those of one kind whose stored bytes are wanted, by id.
  std::vector<domain::DocumentRef> documents(
      domain::DocumentKind kind,
      const std::function<bool(const domain::DocumentRef& ref, std::string_view bytes)>& is_wanted);

  // The file that counts for a document of this date; null when there is none.
  const domain::CustomerProfileSet* profile(Day day) {
    const domain::CustomerFile& known = account().file();
    return choice_ == FileChoice::kAsWas ? known.on(day) : known.last();
  }
  // Region and rep as they come to, empty where unassigned.
  std::string_view region(const domain::Attributes& attributes) {
    return index::region(attributes, file(attributes.file_day));
  }
  std::string_view sales_rep(const domain::Attributes& attributes) {
    return index::sales_rep(attributes, file(attributes.file_day));
  }
  std::string_view grade(Day day);
  // What the file in force on `day` calls the customer, also where the question takes the last file for attributes;
  // empty where it does not say.
  std::string_view customer_name(Day day);
  // As profile(), without reading the store where the shard has an index.
  const index::FileVersion* file(Day day);
  // The parent by the file in force on `day`, or the customer itself.
  std::string_view parent(Day day);

  // Documents under these days (store::opened_day), rising, of which something is or was open: by kind
  // and id, each once. They point into this.
  std::vector<domain::DocumentRef> opened_on(std::span<const Day> days);

 private:
  [[noreturn]] void fail(const Error& error) const;
  Result<evaluation::DocumentBytes> load(const std::string& key);
  // All versions, without reading the store where the shard has an index.
  const index::FileVersions& files();

  const ShardSnapshot& shard_;
  store::LabelId id_;
  FileChoice choice_;
  std::string name_;
  const index::FileVersions* files_ = nullptr;  // The index's or own_files_, once asked for.
  index::FileVersions own_files_;
  const domain::Rules& rules_;
  store::DocumentsAhead ahead_;
  std::optional<std::pair<std::string, std::string>> scanned_;  // A key and its bytes.
  std::optional<evaluation::StoredAccount> account_;            // As its state: made when asked for.
  std::optional<domain::AccountState> account_state_;
  std::vector<std::unique_ptr<std::string>> ids_;
  // All its documents by key, once they were asked for.
  std::optional<std::unordered_map<std::string, std::string>> bytes_;
  std::vector<domain::DocumentRef> documents_;
  TakenMemory memory_;  // For what was decoded.
};

}  // namespace daybook::query
