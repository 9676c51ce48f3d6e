package io.daybook.peer;

import org.apache.kafka.common.serialization.Serde;

/** Lengths of a cycle of the orders of a month: how many, their sum, a histogram. */
final class Cycle {
  /** In seconds; as in Daybook's order-cycle view. */
  static final long[] BORDERS = {3600, 14400, 43200, 86400, 172800, 259200, 432000, 604800, 864000,
      1209600, 1814400, 2592000, 3888000, 5184000, 7776000, 10368000, 15552000, 31536000};

  long orders;
  long seconds;
  long outOfOrder;
  final long[] histogram = new long[BORDERS.length + 1];

  void add(long length, long count) {
    if (length < 0) {
      outOfOrder += count;
      return;
    }
    orders += count;
    seconds += length * count;
    int bucket = 0;
    while (bucket < BORDERS.length && length > BORDERS[bucket]) ++bucket;
    histogram[bucket] += count;
  }

  void add(Cycle other) {
    orders += other.orders;
    seconds += other.seconds;
    outOfOrder += other.outOfOrder;
    for (int i = 0; i < histogram.length; i++) histogram[i] += other.histogram[i];
  }

  static final Serde<Cycle> SERDE = Coding.serde((cycle, to) -> {
    to.number(cycle.orders);
    to.number(cycle.seconds);
    to.number(cycle.outOfOrder);
    for (final long count : cycle.histogram) to.number(count);
  }, from -> {
    final Cycle cycle = new Cycle();
    cycle.orders = from.number();
    cycle.seconds = from.number();
    cycle.outOfOrder = from.number();
    for (int i = 0; i < cycle.histogram.length; i++) cycle.histogram[i] = from.number();
    return cycle;
  });
}
