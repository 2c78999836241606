package dev.detr4j.parity;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The vectors come with the golden set and were made by its generator, in Python. */
class SeededTensorTest {
  @ParameterizedTest
  @CsvSource({
    "0, input, 0, 0, 2, 1ebbae8f5810b65b, bfcdeac1",
    "101, input, 245759, 0, 2, 1ebbae8f5810b65b, 3ffd1ae2",
    "101, model.backbone.conv_encoder.model.conv1.weight, 5, 0, 0.202, b2b1ee0169b0997a, be3fad33",
    "7102, transformer.level_embed, 17, 0, 1, b133affbf958dca6, bf532e30",
    "1, é, 3, -2.0, 0.5, 0ac21707b7181e01, bffcb0d2",
  })
  void givesTheVectors(
      long seed, String key, long index, double base, double scale, String hash, String bits) {
    assertEquals(Long.parseUnsignedLong(hash, 16), SeededTensor.hash(key));
    float value = new SeededTensor(key, seed, base, scale).at(index);
    assertEquals(bits, "%08x".formatted(Float.floatToRawIntBits(value)));
  }

  @Test
  void anyRangeIsTheSameTensor() {
    SeededTensor tensor = new SeededTensor("any", -5, 0.25, 3);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment part = arena.allocate(4 * 100);
      tensor.fill(part, 1_000_000_007L, 100);
      for (int i = 0; i < 100; i++) {
        assertEquals(tensor.at(1_000_000_007L + i), part.getAtIndex(ValueLayout.JAVA_FLOAT, i));
      }
    }
  }
}
