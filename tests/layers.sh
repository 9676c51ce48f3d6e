#!/usr/bin/env bash
# What each folder must not know (docs/architecture.md), as a test. Prints the includes that break it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../src"
broken=0
# forbid FOLDER PATTERN: no file under FOLDER includes what matches.
forbid() {
  if grep -rnE "^#include [<\"]($2)" "$1"; then
    echo "src/$1 must not include $2" >&2
    broken=1
  fi
}
others='log|events|domain|store|evaluation|engine|index|query|cluster|live|http|gateway|tools|app'
forbid base "($others)/"
forbid domain "(${others/domain|/})/|librdkafka|rocksdb|google|daybook/|chrono|random|thread|mutex|iostream|fstream|spdlog"
forbid log "(${others/log|/})/|rocksdb|google|daybook/"
forbid events "(store|evaluation|engine|index|query|cluster|live|http|gateway|tools|app)/|rocksdb|librdkafka"
forbid store "(${others/domain|store|/})/|librdkafka"
forbid evaluation "(log|events|engine|index|query|cluster|live|http|gateway|tools|app)/|rocksdb|librdkafka"
forbid engine "(index|query|cluster|live|http|gateway|tools|app)/|rocksdb|librdkafka"
# What answers questions knows nothing of the fold: whoever holds a shard hands it what it reads.
forbid index "(log|events|engine|query|cluster|live|http|gateway|tools|app)/|rocksdb|librdkafka"
forbid query "(engine|cluster|live|http|gateway|tools|app)/|rocksdb|librdkafka|boost/asio|boost/beast"
# Who asks over a network knows shards by their interface, not how they are kept.
forbid cluster "(events|evaluation|engine|index|live|http|gateway|tools|app)/|store/([a-rt-z]|shard_store|store_copy)|query/(model|known_at|local_shards|shard_reader)|rocksdb|librdkafka"
forbid http "(${others/http|/})/|rocksdb|librdkafka"
forbid live "(cluster|http|gateway|tools|app)/|rocksdb|librdkafka"
forbid gateway "(domain|store|evaluation|engine|index|query|cluster|live|tools|app)/|rocksdb|librdkafka"
# A report has no way to a shard but the readers, which let out what the question's filters and scope let through.
forbid query/reports "(store|index|evaluation|live)/|query/(model|known_at|receivables|local_shards)"
if grep -rnE "\b(store|index|evaluation)::|\.shard\(\)" query/reports; then
  echo "src/query/reports must not name what readers are for" >&2
  broken=1
fi
for library in rocksdb librdkafka grpcpp; do
  case $library in
    rocksdb) allowed=store/shard_store.cc ;;
    librdkafka) allowed=log/kafka/ ;;
    grpcpp) allowed=cluster/ ;;
  esac
  if grep -rnE "^#include <$library/" . | grep -v "^./$allowed"; then
    echo "$library may be included in src/$allowed alone" >&2
    broken=1
  fi
done
exit $broken
