// What customers are called: no answer of its own, but what stands beside them in the answers of others.
#pragma once

#include <cstdint>

#include "query/report.h"

namespace daybook::query {

const Report& customer_names_report();

// Adds `customer_name` wherever the report's description has it, once it is known what the answer shows. Asks the shard of
// each customer shown, of the moment that the answer is of.
void name_customers(const Description& description, const Question& question, std::int32_t partitions, Answer& answer,
                    Asker& asker);

}  // namespace daybook::query
