package io.daybook.peer;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.Serializer;

/** State as bytes: variable-length integers, no names, no reflection. */
final class Coding {
  private Coding() {}

  static <T> Serde<T> serde(BiConsumer<T, Writer> write, Function<Reader, T> read) {
    final Serializer<T> serializer = (topic, value) -> {
      if (value == null) return null;
      final Writer to = new Writer();
      write.accept(value, to);
      return to.bytes();
    };
    final Deserializer<T> deserializer =
        (topic, bytes) -> bytes == null ? null : read.apply(new Reader(bytes));
    return Serdes.serdeFrom(serializer, deserializer);
  }

  static final class Writer {
    private byte[] bytes = new byte[256];
    private int size;

    byte[] bytes() {
      return Arrays.copyOf(bytes, size);
    }

    void number(long value) {
      long rest = (value << 1) ^ (value >> 63);
      reserve(10);
      while ((rest & ~0x7FL) != 0) {
        bytes[size++] = (byte) (rest & 0x7F | 0x80);
        rest >>>= 7;
      }
      bytes[size++] = (byte) rest;
    }

    void flag(boolean value) {
      number(value ? 1 : 0);
    }

    void text(String value) {
      final byte[] encoded = value.getBytes(StandardCharsets.UTF_8);
      number(encoded.length);
      reserve(encoded.length);
      System.arraycopy(encoded, 0, bytes, size, encoded.length);
      size += encoded.length;
    }

    <T> void list(List<T> values, BiConsumer<T, Writer> write) {
      number(values.size());
      for (final T value : values) write.accept(value, this);
    }

    private void reserve(int more) {
      if (size + more > bytes.length) bytes = Arrays.copyOf(bytes, Math.max(size + more, bytes.length * 2));
    }
  }

  static final class Reader {
    private final byte[] bytes;
    private int at;

    Reader(byte[] bytes) {
      this.bytes = bytes;
    }

    long number() {
      long value = 0;
      for (int shift = 0;; shift += 7) {
        final byte next = bytes[at++];
        value |= (long) (next & 0x7F) << shift;
        if (next >= 0) return (value >>> 1) ^ -(value & 1);
      }
    }

    boolean flag() {
      return number() != 0;
    }

    String text() {
      final int length = (int) number();
      final String value = new String(bytes, at, length, StandardCharsets.UTF_8);
      at += length;
      return value;
    }

    <T> List<T> list(Function<Reader, T> read) {
      final int count = (int) number();
      final List<T> values = new ArrayList<>(count + 1);
      for (int i = 0; i < count; i++) values.add(read.apply(this));
      return values;
    }
  }
}
