// CSV files into events: reading, exact arithmetic, joins, faults, and the examples.
#include "tools/import.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <map>

#include "base/csv.h"
#include "base/money.h"
#include "events/json.h"
#include "tools/import/date_pattern.h"
#include "tools/import/exact.h"

namespace daybook::tools {
namespace {

// --- CSV ---

std::vector<std::vector<std::string>> read_csv(std::string content, CsvOptions options = {}) {
  std::vector<FileFault> faults;
  const auto file = CsvFile::parse("t.csv", std::move(content), options, faults);
  std::vector<std::vector<std::string>> rows;
  if (file == nullptr) return {{"fault", faults.at(0).place, faults.at(0).message}};
  rows.push_back(file->columns());
  for (std::size_t i = 0; i < file->rows(); ++i) {
    auto& row = rows.emplace_back();
    for (std::size_t j = 0; j < file->columns().size(); ++j) row.emplace_back(file->cell(i, j).text);
  }
  return rows;
}
using Rows = std::vector<std::vector<std::string>>;

TEST(CsvTest, ReadsQuotesBreaksAndMarks) {
  EXPECT_EQ(read_csv("a,b\n1,2\n"), (Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(read_csv("\xEF\xBB\xBF"
                     "a,b\r\n1,2\r\n"),
            (Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(read_csv("a,b\n1,2"), (Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(read_csv("a,b\n\"x,\"\"y\"\"\r\nz\",\n"), (Rows{{"a", "b"}, {"x,\"y\"\r\nz", ""}}));
  EXPECT_EQ(read_csv("a,b\n\n1,2\n\n"), (Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(read_csv("a;b\n1,5;2\n", {.delimiter = ';'}), (Rows{{"a", "b"}, {"1,5", "2"}}));
  EXPECT_EQ(read_csv("a\n5\" pipe\n"), (Rows{{"a"}, {"5\" pipe"}}));
}

// A spreadsheet's "Unicode text", and what PowerShell's `>` makes of a file.
TEST(CsvTest, SaysThatAFileIsUtf16) {
  const std::string wide("a\0,\0b\0", 6);
  for (const std::string& text : {wide, "\xFF\xFE" + wide, std::string("\xFE\xFF\0a", 4), std::string("\0a\0,", 4)}) {
    EXPECT_EQ(read_csv(text)[0], (std::vector<std::string>{"fault", "t.csv:1:1", "is UTF-16; save it as UTF-8 first"}));
  }
}

TEST(CsvTest, TellsTheFirstFaultsOfAFile) {
  std::string rows;
  for (int i = 0; i < 1'000; ++i) rows += "1\n";
  std::vector<FileFault> faults;
  EXPECT_EQ(CsvFile::parse("t.csv", "a,b\n" + rows, {}, faults), nullptr);
  EXPECT_EQ(faults.size(), CsvFile::kFaultsMax);
}

TEST(CsvTest, TrimsUnlessToldNotTo) {
  EXPECT_EQ(read_csv("a , b\n Norway  ,\"x \"\n"), (Rows{{"a", "b"}, {"Norway", "x"}}));
  EXPECT_EQ(read_csv("a,b\n Norway  ,\"x \"\n", {.trim = false}), (Rows{{"a", "b"}, {" Norway  ", "x "}}));
}

TEST(CsvTest, SaysWhatIsWrongAndWhere) {
  EXPECT_EQ(read_csv("a,b\n1,2\n1\n")[0][1], "t.csv:3:1");
  EXPECT_EQ(read_csv("a,b\nü,\"x\"y\n")[0][1], "t.csv:2:6");
  EXPECT_EQ(read_csv("a,b\n\"1\n2\",\"x\n")[0],
            (std::vector<std::string>{"fault", "t.csv:3:4", "the quote that begins here does not end"}));
  EXPECT_EQ(read_csv("a,b\n1,2\n\xFF,2\n")[0][1], "t.csv:3:1");
  EXPECT_EQ(read_csv("a,a\n")[0][1], "t.csv:1:3");
  EXPECT_EQ(read_csv("a,,b\n")[0][1], "t.csv:1:3");
  EXPECT_EQ(read_csv("")[0][1], "t.csv:1:1");
}

// --- Exact decimals and dates ---

std::string round_text(std::string_view text, int places) { return format_exact(*rounded(*parse_exact(text), places)); }

TEST(ExactTest, RoundsHalvesAwayFromZero) {
  EXPECT_EQ(round_text("2.675", 2), "2.68");
  EXPECT_EQ(round_text("2.665", 2), "2.67");
  EXPECT_EQ(round_text("2.6649999999999999999999", 2), "2.66");
  EXPECT_EQ(round_text("-2.675", 2), "-2.68");
  EXPECT_EQ(round_text("0.5", 0), "1");
  EXPECT_EQ(round_text("12", 3), "12");
}

TEST(ExactTest, ProductsAreExactAndRefuseToOverflow) {
  const auto product = multiply(*multiply(*parse_exact("18.4"), *parse_exact("35")), *parse_exact("0.95"));
  EXPECT_EQ(format_exact(*product), "611.8");
  const Exact large = *parse_exact("999999999999999999999999999999");
  EXPECT_FALSE(multiply(large, large));
  EXPECT_EQ(compare(*parse_exact("1.50"), *parse_exact("1.5")), 0);
}

TEST(ExactTest, TakesOnlyPlainDecimals) {
  EXPECT_EQ(format_exact(*parse_exact("-.50")), "-0.5");
  for (const char* text : {"", ".", "1,5", "1e3", "0x1", "1.2.3", "--1", "1 000"})
    EXPECT_FALSE(parse_exact(text)) << text;
}

std::string day_text(std::string_view text, std::string_view pattern) {
  const auto parsed = parse_by_pattern(text, pattern);
  return parsed ? format_date(parsed->day) : "none";
}

TEST(DatePatternTest, ReadsWhatPeopleWrite) {
  EXPECT_EQ(day_text("7/4/1996", "m/d/yyyy"), "1996-07-04");
  EXPECT_EQ(day_text("12/31/1997", "m/d/yyyy"), "1997-12-31");
  EXPECT_EQ(day_text("04.07.96", "dd.mm.yy"), "1996-07-04");
  EXPECT_EQ(day_text("4-Jul-2024", "d-mon-yyyy"), "2024-07-04");
  EXPECT_EQ(day_text("20240229", "yyyymmdd"), "2024-02-29");
  EXPECT_EQ(day_text("2024年3月5日", "yyyy年m月d日"), "2024-03-05");
  EXPECT_EQ(parse_by_pattern("2024-05-01 13:45:10", "yyyy-mm-dd hh:mi:ss")->seconds, 49'510);
  for (const char* text : {"13/1/1996", "2/30/1996", "7/4/1996 ", "7/4/96", "7-4-1996", ""}) {
    EXPECT_EQ(day_text(text, "m/d/yyyy"), "none") << text;
  }
}

TEST(DatePatternTest, SettlesClockChanges) {
  const Day spring = *parse_date("2024-03-31");
  const Day autumn = *parse_date("2024-10-27");
  EXPECT_EQ(format_instant(*instant_in_zone(spring, 9'000, "Europe/Berlin")), "2024-03-31T01:00:00Z");
  EXPECT_EQ(format_instant(*instant_in_zone(autumn, 9'000, "Europe/Berlin")), "2024-10-27T00:30:00Z");
  EXPECT_FALSE(instant_in_zone(spring, 0, "Nowhere/At_All"));
}

// --- Mappings ---

constexpr const char* kInvoices = R"(
name = "test"
zone = "America/New_York"
time = "09:30"
[inputs.invoices]
files = "inv*.csv"
[[events]]
for = "invoices"
id = "{No}"
source = "excel"
customer_id = "{Customer}"
occurred_at = "{at(Date, 'm/d/yyyy')}"
[events.invoice_issued]
invoice_id = "INV-{No}"
currency = "USD"
net_minor = "{minor(Net, 'USD')}"
tax_minor = "{minor(Tax, 'USD')}"
issue_date = "{date(Date, 'm/d/yyyy')}"
)";

std::string import_text(const std::string& mapping, const std::vector<SourceFile>& files) {
  const ImportReport report = import_events({"m.toml", mapping}, files);
  std::string text;
  for (const auto& event : report.events) text += events::to_json(event) + "\n";
  for (const auto& fault : report.faults) text += fault.place + ": " + fault.message + "\n";
  return text;
}

// What one expression gives in the scope of a row a,b,c = 10,2.5,"x y".
std::string evaluated(const std::string& expression) {
  const std::string mapping = R"(
name = "test"
[inputs]
t.files = "t.csv"
d.files = "d.csv"
d.key = "k"
[values.words]
"x y" = "known"
[[events]]
for = "t"
id = "1"
source = "s"
customer_id = "c"
occurred_at = "2024-01-01T00:00:00Z"
customer_profile_set.name = """{)" +
                              expression + "}\"\"\"\n";
  const ImportReport report =
      import_events({"m.toml", mapping}, {{"t.csv", "a,b,c,e\n10,2.5,x y,\n"}, {"d.csv", "k,v\n10,1\n10,2.25\n"}});
  if (!report.faults.empty()) return report.faults[0].place + ": " + report.faults[0].message;
  return report.events.at(0).customer_profile_set().name();
}

TEST(ExpressionTest, ArithmeticIsExactAndBindsAsUsual) {
  EXPECT_EQ(evaluated("a + b * 2"), "15");
  EXPECT_EQ(evaluated("(a + b) * 2"), "25");
  EXPECT_EQ(evaluated("a - b - 1"), "6.5");
  EXPECT_EQ(evaluated("round(a * 0.12345, 2)"), "1.23");
  EXPECT_EQ(evaluated("minor(b * 0.001, 'USD')"), "0");
  EXPECT_EQ(evaluated("minor(b, 'JPY')"), "3");
  EXPECT_EQ(evaluated("minor(b, 'KWD')"), "2500");
  EXPECT_EQ(evaluated("minor(0 - b, 'JPY')"), "-3");
}

TEST(ExpressionTest, ConditionsCompareNumbersAsNumbers) {
  EXPECT_EQ(evaluated("if(a == 10.0, 'yes', 'no')"), "yes");
  EXPECT_EQ(evaluated("if(a == '10.0', 'yes', 'no')"), "no");
  EXPECT_EQ(evaluated("if(a > 9 and not c == 'z' or b < 0, 'yes', 'no')"), "yes");
  EXPECT_EQ(evaluated("if(e != '', 'yes', 'no')"), "no");
}

TEST(ExpressionTest, LooksUpAndAddsUp) {
  EXPECT_EQ(evaluated("d(a).v"), "1");
  EXPECT_EQ(evaluated("sum(d(a), v * b)"), "8.125");
  EXPECT_EQ(evaluated("or(d(b)?.v, 'none')"), "none");
  EXPECT_EQ(evaluated("words(c)"), "known");
  EXPECT_EQ(evaluated("d(b).v"), "t.csv:2:4: no row of d has this key: '2.5'");
  EXPECT_EQ(evaluated("words(a)"), "t.csv:2:1: '10' is not in values.words");
}

TEST(ExpressionTest, ReadsWrittenNumbers) {
  EXPECT_EQ(evaluated("number('1.234,50', ',')"), "1234.5");
  EXPECT_EQ(evaluated("number('$1,234.50', '.')"), "1234.5");
  EXPECT_EQ(evaluated("number('(12.50)', '.')"), "-12.5");
  EXPECT_EQ(evaluated("number('€ 1 234', '.')"), "1234");
  EXPECT_EQ(evaluated("number('12,5', '.')"), "t.csv:2:1: '12,5' is not a number");
  for (const auto& [written, value] : std::vector<std::pair<std::string, std::string>>{{"-12.50", "-12.5"},
                                                                                       {"12.50-", "-12.5"},
                                                                                       {"−12.50", "-12.5"},
                                                                                       {"+7", "7"},
                                                                                       {"€-12.50", "-12.5"},
                                                                                       {"-€ 12.50", "-12.5"},
                                                                                       {"(€12.50)", "-12.5"},
                                                                                       {"(12.50) EUR", "-12.5"},
                                                                                       {"1,234,567.89", "1234567.89"},
                                                                                       {"12,34,567.89", "1234567.89"},
                                                                                       {"1\u2019234.50", "1234.5"},
                                                                                       {"1\u202f234.50", "1234.5"},
                                                                                       {"USD 1 234.50", "1234.5"},
                                                                                       {"1234.50 CNY", "1234.5"},
                                                                                       {"12元", "12"},
                                                                                       {".5", "0.5"},
                                                                                       {"5.", "5"},
                                                                                       {"  12  ", "12"},
                                                                                       {"₹1,00,000", "100000"}}) {
    EXPECT_EQ(evaluated("number('" + written + "', '.')"), value) << written;
  }
  // What is not wholly understood is no number.
  for (const char* written :
       {"2000.00 CR", "5.00 DR",  "13.37 S", "13.37 H",   "3 X 12.50", "1O0.00", "10-12", "10/12",
        "--5",        "-5-",      "-(5)",    "(5",        "5)",        "(5)-",   "1.2.3", "1,234,56",
        "1,2345",     "1234,567", "1,,234",  "EUR 5 EUR", "€5$",       "5 %",    "1e3",   "XYZ 5",
        "EU 5",       "5 5",      ".",       "-",         "EUR",       "١٢",     "12.5.", "1.234.5"}) {
    EXPECT_EQ(evaluated("number('" + std::string(written) + "', '.')"),
              "t.csv:2:1: '" + std::string(written) + "' is not a number");
  }
}

TEST(ExpressionTest, DatesMove) {
  EXPECT_EQ(evaluated("plus_days(date('2/28/2024', 'm/d/yyyy'), a)"), "2024-03-09");
  EXPECT_EQ(evaluated("at('2024-07-01', 'yyyy-mm-dd', '08:00', 'Asia/Shanghai')"), "2024-07-01T00:00:00Z");
}

TEST(ExpressionTest, FaultsOfTheMappingNameTheCharacter) {
  EXPECT_EQ(evaluated("a +"),
            "m.toml:15:29: '{a +}', character 5: expected a column, a number, a 'text' or a function");
  EXPECT_NE(evaluated("nothing").find("no column 'nothing' in t"), std::string::npos);
  EXPECT_NE(evaluated("minor(a, 'USDX')").find("no ISO 4217 currency"), std::string::npos);
  EXPECT_NE(evaluated("date(a, 'mm')").find("a pattern has the year"), std::string::npos);
  EXPECT_NE(evaluated("d(a, b).v").find("looked up by 1"), std::string::npos);
  EXPECT_NE(evaluated(std::string(500, '(') + "a").find("nested too deep"), std::string::npos);
}

// Found by tests/fuzz: each operation holds what stands before it, and freeing a hundred thousand was too deep a recursion.
TEST(ExpressionTest, HaveAThousandOperationsAtMost) {
  const auto sum = [](int operations) {
    std::string text = "0";
    for (int i = 0; i < operations; ++i) text += "+1";
    return text;
  };
  EXPECT_EQ(evaluated(sum(1'000)), "1000");
  EXPECT_NE(evaluated(sum(1'001)).find("has more than 1000 operations"), std::string::npos);
  EXPECT_NE(evaluated(sum(100'000)).find("has more than 1000 operations"), std::string::npos);
}

TEST(ImportTest, MakesAnEventOfARow) {
  EXPECT_EQ(
      import_text(kInvoices, {{"x/inv1.csv", "No,Customer,Date,Net,Tax\n7,Ann,7/4/2024,10.005,\n"}}),
      R"({"event_id":"f53dd448ea0f49b4849040b1bc725386","customer_id":"Ann","source":"excel","occurred_at":"2024-07-04T13:30:00Z",)"
      R"("invoice_issued":{"invoice_id":"INV-7","currency":"USD","net_minor":"1001","issue_date":"2024-07-04"}})"
      "\n");
}

TEST(ImportTest, OrdersByTimeThenAsTheyStand) {
  const std::string text =
      import_text(kInvoices, {{"inv1.csv", "No,Customer,Date,Net,Tax\n3,A,7/5/2024,1,\n2,A,7/4/2024,1,\n"},
                              {"inv2.csv", "No,Customer,Date,Net,Tax\n1,A,7/4/2024,1,\n"}});
  EXPECT_LT(text.find("INV-2"), text.find("INV-1"));
  EXPECT_LT(text.find("INV-1"), text.find("INV-3"));
}

TEST(ImportTest, FaultsNameTheCellAndNothingIsMade) {
  const auto report = import_events({"m.toml", kInvoices}, {{"inv.csv",
                                                             "No,Customer,Date,Net,Tax\n1,A,7/4/2024,1,\n2,A,31/7/"
                                                             "2024,1,\n3,,7/4/2024,ten,\n4,A,7/4/2024,-1,\n"}});
  EXPECT_TRUE(report.events.empty());
  ASSERT_EQ(report.faults.size(), 3u);
  EXPECT_EQ(report.faults[0].place, "inv.csv:3:5");
  EXPECT_EQ(report.faults[0].message, "'31/7/2024' is not a date m/d/yyyy");
  EXPECT_EQ(report.faults[1].place, "inv.csv:4:13");
  EXPECT_EQ(report.faults[1].message, "'ten' is not a number");
  EXPECT_EQ(report.faults[2].place, "inv.csv:5:14");
  EXPECT_TRUE(report.faults[2].message.starts_with("invoice_issued.net_minor: "));
}

TEST(ImportTest, OneIdFromTwoRowsIsAFault) {
  EXPECT_EQ(import_text(kInvoices, {{"inv.csv", "No,Customer,Date,Net,Tax\n1,A,7/4/2024,1,\n1,B,7/4/2024,1,\n"}}),
            "inv.csv:3:1: invoice_issued '1' is also made from inv.csv:2:1\n");
}

TEST(ImportTest, FilesAndInputsMustFit) {
  EXPECT_EQ(import_text(kInvoices, {{"other.csv", "a\n1\n"}}), "m.toml:5:1: no file given is 'invoices': inv*.csv\n");
  EXPECT_EQ(import_text(kInvoices, {{"inv.csv", "No,Customer,Date,Net,Tax\n"}, {"other.csv", "a\n1\n"}}),
            "other.csv:1:1: no input of the mapping takes this file\n");
  EXPECT_EQ(import_text(kInvoices, {{"inv1.csv", "No,Customer,Date,Net,Tax\n"}, {"inv2.csv", "No,Customer\n"}}),
            "inv2.csv:1:1: has other columns than inv1.csv, which is also 'invoices'\n");
}

TEST(ImportTest, WrongFieldsOfTheMappingAreNamed) {
  const std::string mapping = std::string(kInvoices) + "due = \"x\"\nnet = 1\n";
  EXPECT_EQ(import_text(mapping, {{"inv.csv", "No,Customer,Date,Net,Tax\n"}}),
            "m.toml:19:7: 'due' is no field of InvoiceIssued\nm.toml:20:7: 'net' is no field of "
            "InvoiceIssued\n");
  EXPECT_TRUE(import_text("name = 1 2", {}).starts_with("m.toml:1:10: "));
}

TEST(ImportTest, RowsOfOneKeyBecomeOneEventWithLines) {
  const char* mapping = R"toml(
name = "test"
[inputs.sheet]
files = "sheet.csv"
key = "Order"
[[events]]
for = "sheet"
once_per_key = true
id = "{Order}"
source = "excel"
customer_id = "{Customer}"
occurred_at = "2024-01-01T00:00:00Z"
[events.order_placed]
order_id = "{Order}"
currency = "CNY"
[events.order_placed.lines]
each = "sheet(Order)"
when = "Qty != 0"
line_id = "{position()}"
sku = "{Sku}"
quantity = "{Qty}"
net_minor = "{minor(Qty * Price, 'CNY')}"
)toml";
  const auto report =
      import_events({"m.toml", mapping},
                    {{"sheet.csv", "Order,Customer,Sku,Qty,Price\n1,A,x,2,1.25\n2,B,y,1,3\n1,A,z,0,9\n1,A,w,1,1\n"}});
  ASSERT_TRUE(report.faults.empty()) << report.faults[0].place << report.faults[0].message;
  ASSERT_EQ(report.events.size(), 2u);
  const auto& lines = report.events[0].order_placed().lines();
  ASSERT_EQ(lines.size(), 2);
  EXPECT_EQ(lines[0].net_minor(), 250);
  EXPECT_EQ(lines[1].line_id(), "2");
  EXPECT_EQ(lines[1].sku(), "w");
}

// --- Northwind ---

namespace fs = std::filesystem;
const fs::path kNorthwind = fs::path(DAYBOOK_SOURCE_DIR) / "docs/examples/northwind";

SourceFile read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {path.filename().string(), std::string(std::istreambuf_iterator<char>(file), {})};
}

ImportReport import_northwind() {
  std::vector<SourceFile> files;
  for (const auto& entry : fs::directory_iterator(kNorthwind)) {
    if (entry.path().extension() == ".csv") files.push_back(read_file(entry.path()));
  }
  return import_events(read_file(kNorthwind / "mapping.toml"), files);
}

TEST(NorthwindTest, AddsUpToWhatAnIndependentProgramSays) {
  const auto expected = boost::json::parse(read_file(kNorthwind / "expected.json").content);
  const ImportReport report = import_northwind();
  ASSERT_TRUE(report.faults.empty()) << report.faults[0].place << report.faults[0].message;
  std::map<std::string, Int128> by_region;
  std::map<std::string, Int128> by_year;
  Int128 freight = 0;
  std::int64_t lines = 0;
  std::int64_t shipments = 0;
  for (const auto& event : report.events) {
    for (const auto& line : event.order_placed().lines()) {
      by_region[event.order_placed().region()] += line.net_minor();
      by_year[format_instant(event.occurred_at().seconds()).substr(0, 4)] += line.net_minor();
      ++lines;
    }
    freight += event.shipment_dispatched().freight_minor();
    shipments += event.has_shipment_dispatched() ? 1 : 0;
  }
  const Currency usd = *Currency::parse("USD");
  for (const auto& [region, amount] : by_region) {
    EXPECT_EQ(format_amount(amount, usd), expected.at("ordered_by_region").at(region).at("amount").as_string());
  }
  for (const auto& [year, amount] : by_year) {
    EXPECT_EQ(format_amount(amount, usd), expected.at("ordered_by_year").at(year).at("amount").as_string());
  }
  EXPECT_EQ(by_region.size(), expected.at("ordered_by_region").as_object().size());
  EXPECT_EQ(format_amount(freight, usd), expected.at("freight_shipped").as_string());
  EXPECT_EQ(lines, expected.at("lines").as_int64());
  EXPECT_EQ(shipments, expected.at("shipped").at("count").as_int64());
}

TEST(NorthwindTest, TheSameFilesGiveTheSameBytes) {
  const auto lines = [] {
    std::string text;
    for (const auto& event : import_northwind().events) text += events::to_json(event) + "\n";
    return text;
  };
  EXPECT_EQ(lines(), lines());
}

}  // namespace
}  // namespace daybook::tools
