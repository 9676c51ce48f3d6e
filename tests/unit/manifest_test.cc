// The manifest: what a read model was folded under, and the refusal of anything else.
#include "engine/manifest.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

#include "support/temp_dir.h"

namespace daybook::engine {
namespace {

Manifest other() {
  Manifest manifest;
  manifest.fold_version = 7;
  manifest.event_types = 29;
  manifest.partitions = 16;
  manifest.fold.business_time_zone = "Asia/Shanghai";
  manifest.fold.expect = {.orders = false, .shipments = true, .invoices = true, .payments = false};
  manifest.fold.anomaly_days = {1, 20, 300};
  return manifest;
}

TEST(Manifest, ComesBack) {
  const auto back = Manifest::parse(other().to_json());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->fold_version, 7);
  EXPECT_EQ(back->event_types, 29);
  EXPECT_EQ(back->partitions, 16);
  EXPECT_EQ(back->fold.business_time_zone, "Asia/Shanghai");
  EXPECT_EQ(domain::format_expect(back->fold.expect), "shipments,invoices");
  EXPECT_EQ(back->fold.anomaly_days, (domain::AnomalyDays{1, 20, 300}));
}

TEST(Manifest, OfAnOlderFoldVersionIsReadForItsMismatch) {
  const auto old = Manifest::parse(
      R"({"fold_version":3,"partitions":8,"business_time_zone":"UTC","expect":"orders,shipments,invoices,payments"})");
  ASSERT_TRUE(old) << old.error().message;
  EXPECT_EQ(old->fold_version, 3);
  EXPECT_EQ(old->event_types, 28);
  EXPECT_EQ(old->fold.anomaly_days, domain::AnomalyDays{});
}

TEST(Manifest, IsKeptInANewFolderAndAgreesWithItself) {
  test::TempDir directory;
  const std::string folder = directory.path() + "/a/b";
  EXPECT_EQ(read_manifest(folder).error().code, ErrorCode::kNotFound);
  ASSERT_TRUE(keep_manifest(folder, other()));
  EXPECT_EQ(read_manifest(folder)->partitions, 16);
  EXPECT_TRUE(keep_manifest(folder, other()));
}

TEST(Manifest, AMismatchNamesTheKeyBothValuesAndTheRebuild) {
  struct Case {
    const char *key, *asked;
    void (*change)(Manifest& manifest);
  };
  for (const Case& c :
       std::vector<Case>{{"fold_version", "8", [](Manifest& m) { m.fold_version = 8; }},
                         {"event_types", "30", [](Manifest& m) { m.event_types = 30; }},
                         {"partitions", "32", [](Manifest& m) { m.partitions = 32; }},
                         {"business_time_zone", "UTC", [](Manifest& m) { m.fold.business_time_zone = "UTC"; }},
                         {"expect", "orders,shipments,invoices", [](Manifest& m) { m.fold.expect.orders = true; }},
                         {"anomaly_days.delivered_not_invoiced", "7",
                          [](Manifest& m) { m.fold.anomaly_days.delivered_not_invoiced = 7; }},
                         {"anomaly_days.shipped_without_proof_of_delivery", "14",
                          [](Manifest& m) { m.fold.anomaly_days.shipped_without_proof_of_delivery = 14; }},
                         {"anomaly_days.invoice_not_received", "14",
                          [](Manifest& m) { m.fold.anomaly_days.invoice_not_received = 14; }}}) {
    test::TempDir directory;
    ASSERT_TRUE(keep_manifest(directory.path(), other()));
    Manifest wanted = other();
    c.change(wanted);
    const auto kept = keep_manifest(directory.path(), wanted);
    ASSERT_FALSE(kept) << c.key;
    EXPECT_EQ(kept.error().code, ErrorCode::kMismatch);
    const std::string& message = kept.error().message;
    EXPECT_EQ(message.find(c.key), 0U) << message;
    EXPECT_NE(message.find("'" + std::string(c.asked) + "'"), std::string::npos) << message;
    EXPECT_NE(message.find("fold anew"), std::string::npos) << message;
    EXPECT_NE(message.find(directory.path()), std::string::npos) << message;
    EXPECT_TRUE(keep_manifest(directory.path(), other())) << "what is kept was not touched";
  }
}

constexpr const char* kDamaged[] = {
    "",
    "{",
    "[]",
    "{}",
    R"({"fold_version":"1"})",
    R"({"fold_version":1,"partitions":8,"business_time_zone":"UTC","expect":"refunds"})"};

TEST(Manifest, DamagedOrMissingBesideShardsIsRefusedWithWhatToDoAndNeverOverwritten) {
  std::vector<std::optional<std::string>> texts(std::begin(kDamaged), std::end(kDamaged));
  texts.emplace_back();
  for (const auto& text : texts) {
    test::TempDir directory;
    const std::string path = directory.path() + "/manifest.json";
    std::filesystem::create_directories(directory.path() + "/shards/0000");
    if (text) std::ofstream(path) << *text;
    EXPECT_EQ(read_manifest(directory.path()).error().code, text ? ErrorCode::kCorrupt : ErrorCode::kNotFound);
    const auto kept = keep_manifest(directory.path(), other());
    ASSERT_FALSE(kept);
    EXPECT_EQ(kept.error().code, ErrorCode::kMismatch);
    EXPECT_EQ(kept.error().message.find("boost"), std::string::npos) << kept.error().message;
    EXPECT_NE(kept.error().message.find("put " + path + " back"), std::string::npos) << kept.error().message;
    EXPECT_NE(kept.error().message.find("fold anew: stop it, remove shards and manifest.json (never log)"),
              std::string::npos)
        << kept.error().message;
    EXPECT_EQ(std::filesystem::exists(path), text.has_value());
    EXPECT_FALSE(read_manifest(directory.path()));
  }
}

// As a power failure behind the first start may leave it, before anything was folded.
TEST(Manifest, DamagedWithoutShardsIsMadeAnew) {
  for (const char* text : kDamaged) {
    test::TempDir directory;
    std::ofstream(directory.path() + "/manifest.json") << text;
    ASSERT_TRUE(keep_manifest(directory.path(), other())) << text;
    EXPECT_EQ(read_manifest(directory.path())->partitions, 16);
  }
}

TEST(Manifest, WhatCannotBeReadIsNotAbsent) {
  test::TempDir directory;
  std::filesystem::create_directories(directory.path() + "/manifest.json");
  EXPECT_EQ(read_manifest(directory.path()).error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(keep_manifest(directory.path(), other()).error().code, ErrorCode::kUnavailable);
}

TEST(Manifest, ExpectIsWrittenInAFixedOrder) {
  EXPECT_EQ(domain::format_expect(domain::parse_expect("payments,orders").value()), "orders,payments");
  EXPECT_EQ(domain::format_expect({}), "orders,shipments,invoices,payments");
  EXPECT_EQ(domain::format_expect(domain::parse_expect("").value()), "");
  EXPECT_FALSE(domain::parse_expect("orders,refunds"));
  EXPECT_FALSE(domain::parse_expect("orders, payments"));
}

TEST(Manifest, AFolderThatCannotBeWrittenIsToldWithItsName) {
  test::TempDir directory;
  std::ofstream(directory.path() + "/file") << "x";
  const auto kept = keep_manifest(directory.path() + "/file/inside", other());
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().code, ErrorCode::kUnavailable) << kept.error().message;
  EXPECT_NE(kept.error().message.find("inside"), std::string::npos);
}

}  // namespace
}  // namespace daybook::engine
