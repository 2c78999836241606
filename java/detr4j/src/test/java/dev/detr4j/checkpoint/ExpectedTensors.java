package dev.detr4j.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** Compares a checkpoint with the values that the library which wrote it says it holds. */
final class ExpectedTensors {
  private ExpectedTensors() {}

  /** Asserts that the checkpoint has exactly these tensors, value for value. */
  static void assertHeld(JsonObject tensors, Checkpoint checkpoint) {
    assertEquals(tensors.names(), Set.copyOf(checkpoint.names()));
    for (String name : tensors.names()) {
      JsonObject tensor = tensors.object(name);
      StoredTensor stored = checkpoint.tensor(name);
      assertSame(stored, checkpoint.tensor(name));
      assertEquals(tensor.string("dtype"), stored.storedType().name(), name);
      assertEquals(
          tensor.integers("shape", 0, 100),
          Arrays.stream(stored.shape().toArray()).boxed().toList(),
          name);
      assertEquals(
          stored.shape().elements() * stored.storedType().bytes(), stored.bytes().byteSize());
      assertValues(tensor.numbers("values"), stored);
    }
  }

  private static void assertValues(List<Double> expected, StoredTensor stored) {
    if (stored.storedType().widens()) {
      float[] values = Resources.values(stored);
      assertEquals(expected.size(), values.length);
      for (int i = 0; i < values.length; i++) {
        assertEquals(expected.get(i).floatValue(), values[i], stored.name() + " element " + i);
      }
    } else {
      String message =
          assertThrows(CheckpointException.class, () -> stored.read(MemorySegment.NULL))
              .getMessage();
      assertTrue(message.contains(stored.storedType() + " elements, expected one of F32"), message);
      for (int i = 0; i < expected.size(); i++) {
        assertEquals(expected.get(i), (double) integer(stored, i), stored.name() + " element " + i);
      }
    }
  }

  private static long integer(StoredTensor stored, int i) {
    MemorySegment bytes = stored.bytes();
    return switch (stored.storedType()) {
      case I64 -> bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, 8L * i);
      case I32 -> bytes.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * i);
      case U32 -> bytes.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * i) & 0xffff_ffffL;
      case I16 -> bytes.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i);
      case U16 -> bytes.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i) & 0xffff;
      case I8 -> bytes.get(ValueLayout.JAVA_BYTE, i);
      case U8, BOOL, F8_E4M3, F8_E5M2 -> bytes.get(ValueLayout.JAVA_BYTE, i) & 0xff;
      default -> throw new AssertionError("no case for " + stored.storedType());
    };
  }
}
