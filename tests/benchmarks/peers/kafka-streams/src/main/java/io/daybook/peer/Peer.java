package io.daybook.peer;

import com.google.protobuf.InvalidProtocolBufferException;
import io.daybook.events.v1.Event;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.atomic.LongAdder;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.AutoOffsetReset;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.TimestampExtractor;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * Folds Daybook's topics from their beginning to their end as of its start, and writes what it then
 * says, and how long it took: Peer BROKERS STATE_FOLDER OUTPUT [SETTING=VALUE…], settings of Kafka
 * Streams.
 */
public final class Peer {
  private static final String APPLICATION = "daybook-peer";
  private static final String[] TOPICS = {"daybook.invoices.v1", "daybook.orders.v1", "daybook.payments.v1",
      "daybook.reference.v1", "daybook.shipments.v1"};

  private Peer() {}

  static Topology topology(LongAdder processed) {
    final Deserializer<Event> events = (topic, bytes) -> {
      try {
        return Event.parseFrom(bytes);
      } catch (InvalidProtocolBufferException fault) {
        throw new SerializationException(fault);
      }
    };
    // By what happened first: then next to nothing comes before what it refers to.
    final TimestampExtractor occurred =
        (record, partitionTime) -> ((Event) record.value()).getOccurredAt().getSeconds() * 1000;
    final Topology topology = new Topology();
    topology.addSource(AutoOffsetReset.earliest(), "events", occurred, Serdes.String().deserializer(), events, TOPICS);
    topology.addProcessor("fold", () -> new Fold(processed), "events");
    topology.addStateStore(store(Fold.ACCOUNTS, Account.SERDE), "fold");
    topology.addStateStore(store(Fold.ORDERS, Order.SERDE), "fold");
    topology.addStateStore(store(Fold.INVOICES, Invoice.SERDE), "fold");
    topology.addStateStore(store(Fold.SOURCES, Source.SERDE), "fold");
    topology.addStateStore(store(Fold.TOTALS, Serdes.Long()), "fold");
    topology.addStateStore(store(Fold.AGEING, Serdes.Long()), "fold");
    topology.addStateStore(store(Fold.SALES, Serdes.Long()), "fold");
    topology.addStateStore(store(Fold.CYCLES, Cycle.SERDE), "fold");
    return topology;
  }

  private static <T> StoreBuilder<?> store(String name, Serde<T> serde) {
    return Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(name), Serdes.String(), serde)
        .withCachingEnabled()
        .withLoggingEnabled(Map.of());
  }

  static Properties settings(String brokers, String stateFolder) {
    final Properties settings = new Properties();
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, APPLICATION);
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, stateFolder);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 2);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 256L << 20);
    settings.put(StreamsConfig.ROCKSDB_CONFIG_SETTER_CLASS_CONFIG, RocksSettings.class);
    settings.put(StreamsConfig.BUFFERED_RECORDS_PER_PARTITION_CONFIG, 5_000);
    settings.put(StreamsConfig.consumerPrefix("max.poll.records"), 5_000);
    settings.put(StreamsConfig.consumerPrefix("max.partition.fetch.bytes"), 4 << 20);
    settings.put(StreamsConfig.consumerPrefix("fetch.max.bytes"), 64 << 20);
    settings.put(StreamsConfig.producerPrefix("linger.ms"), 100);
    settings.put(StreamsConfig.producerPrefix("batch.size"), 256 << 10);
    settings.put(StreamsConfig.producerPrefix("buffer.memory"), 128 << 20);
    settings.put(StreamsConfig.producerPrefix("compression.type"), "none");
    return settings;
  }

  public static void main(String[] arguments) throws Exception {
    final String brokers = arguments[0];
    final Properties settings = settings(brokers, arguments[1]);
    for (int i = 3; i < arguments.length; i++) {
      final int equals = arguments[i].indexOf('=');
      settings.put(arguments[i].substring(0, equals), arguments[i].substring(equals + 1));
    }
    final LongAdder processed = new LongAdder();
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", brokers));
         KafkaStreams streams = new KafkaStreams(topology(processed), settings)) {
      final Map<TopicPartition, Long> ends = ends(admin);
      streams.setUncaughtExceptionHandler(fault -> {
        fault.printStackTrace();
        return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
      });
      streams.start();
      while (processed.sum() == 0) check(streams);
      final long wanted = ends.values().stream().mapToLong(Long::longValue).sum();
      final long first = System.nanoTime();
      final long processorAtFirst = processorNanos();
      // The second half is told apart: by then the program is compiled.
      long half = first;
      long processorAtHalf = processorAtFirst;
      long before = 0;
      while (!committed(admin, settings.getProperty(StreamsConfig.APPLICATION_ID_CONFIG), ends)) {
        if (before == 0 && processed.sum() >= wanted / 2) {
          half = System.nanoTime();
          processorAtHalf = processorNanos();
          before = processed.sum();
        }
        check(streams);
      }
      final long end = System.nanoTime();
      final long processor = processorNanos();
      final Rates whole = new Rates(processed.sum(), end - first, processor - processorAtFirst);
      final Rates warm = new Rates(processed.sum() - before, end - half, processor - processorAtHalf);
      try (PrintStream out = new PrintStream(Files.newOutputStream(Path.of(arguments[2])))) {
        write(out, streams, whole, warm);
      }
      streams.close(Duration.ofSeconds(20));
    }
  }

  /** So many events in so long. */
  private record Rates(long events, long nanos, long processorNanos) {
    String json() {
      return String.format(Locale.ROOT, "{\"rate\": %.0f, \"processor_us\": %.3f}", events * 1e9 / nanos,
          processorNanos / 1e3 / events);
    }
  }

  /** Of the whole process, its compiler and collector included. */
  private static long processorNanos() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
        .getProcessCpuTime();
  }

  private static void check(KafkaStreams streams) throws InterruptedException {
    if (streams.state().hasCompletedShutdown() || streams.state() == KafkaStreams.State.PENDING_ERROR) {
      throw new IllegalStateException("the application ended: " + streams.state());
    }
    Thread.sleep(20);
  }

  private static Map<TopicPartition, Long> ends(Admin admin) throws Exception {
    final Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
    for (final TopicDescription topic : admin.describeTopics(List.of(TOPICS)).allTopicNames().get().values()) {
      for (final TopicPartitionInfo partition : topic.partitions()) {
        asked.put(new TopicPartition(topic.name(), partition.partition()), OffsetSpec.latest());
      }
    }
    final Map<TopicPartition, Long> ends = new HashMap<>();
    for (final Map.Entry<TopicPartition, ListOffsetsResultInfo> end :
        admin.listOffsets(asked).all().get().entrySet()) {
      if (end.getValue().offset() > 0) ends.put(end.getKey(), end.getValue().offset());
    }
    return ends;
  }

  /** Everything up to the ends is in a committed transaction. */
  private static boolean committed(Admin admin, String application, Map<TopicPartition, Long> ends) throws Exception {
    final Map<TopicPartition, OffsetAndMetadata> offsets =
        admin.listConsumerGroupOffsets(application).partitionsToOffsetAndMetadata().get();
    for (final Map.Entry<TopicPartition, Long> end : ends.entrySet()) {
      final OffsetAndMetadata offset = offsets.get(end.getKey());
      if (offset == null || offset.offset() < end.getValue()) return false;
    }
    return true;
  }

  private static void write(PrintStream out, KafkaStreams streams, Rates whole, Rates warm) {
    out.printf("{\"events\": %d, \"whole\": %s, \"warm\": %s", whole.events, whole.json(), warm.json());
    for (final String name : List.of(Fold.TOTALS, Fold.AGEING, Fold.SALES)) {
      final Map<String, Long> sums = new TreeMap<>();
      try (KeyValueIterator<String, Long> all = streams.store(StoreQueryParameters.fromNameAndType(
          name, QueryableStoreTypes.<String, Long>keyValueStore())).all()) {
        all.forEachRemaining(cell -> sums.merge(cell.key, cell.value, Long::sum));
      }
      final List<String> members = new ArrayList<>();
      sums.forEach((key, sum) -> members.add(sum == 0 ? null : '"' + key + "\": " + sum));
      members.removeIf(member -> member == null);
      out.printf(",%n\"%s\": {%s}", name, String.join(", ", members));
    }
    final Map<String, Cycle> cycles = new TreeMap<>();
    try (KeyValueIterator<String, Cycle> all = streams.store(StoreQueryParameters.fromNameAndType(
        Fold.CYCLES, QueryableStoreTypes.<String, Cycle>keyValueStore())).all()) {
      all.forEachRemaining(cell -> cycles.computeIfAbsent(cell.key, key -> new Cycle()).add(cell.value));
    }
    final List<String> members = new ArrayList<>();
    cycles.forEach((key, cycle) -> {
      final List<String> histogram = new ArrayList<>();
      for (final long count : cycle.histogram) histogram.add(Long.toString(count));
      members.add(String.format("\"%s\": {\"n\": %d, \"seconds\": %d, \"out_of_order\": %d, \"histogram\": [%s]}",
          key, cycle.orders, cycle.seconds, cycle.outOfOrder, String.join(", ", histogram)));
    });
    out.printf(",%n\"cycles\": {%s}}%n", String.join(",\n", members));
  }
}
