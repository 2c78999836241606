package dev.detr4j.parity;

import dev.detr4j.checkpoint.Checkpoint;
import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.checkpoint.ShardedCheckpoint;
import dev.detr4j.checkpoint.StoredTensor;
import dev.detr4j.checkpoint.TorchCheckpoint;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.json.JsonObject;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * One checkpoint file of a golden set: exactly the tensors that the library which wrote it says it
 * holds, names, types, shapes and values.
 */
record ContainerParity(String path, Path file, JsonObject entry) implements ParityCase.OnHost {
  @Override
  public List<StageResult> run() {
    boolean optional = entry.bool("optional", false);
    try (Checkpoint checkpoint = open(file)) {
      return compare(entry.object("tensors"), checkpoint);
    } catch (CheckpointException e) {
      if (!optional) {
        throw e;
      }
      return List.of(
          new StageResult("refused, as it may be", 0, 0, String.valueOf(e.getMessage())));
    }
  }

  /** Opens a container by what its name says it is. */
  static Checkpoint open(Path file) {
    String name = file.toString();
    if (name.endsWith(".json")) {
      return ShardedCheckpoint.open(file);
    }
    return name.endsWith(".safetensors") ? SafetensorsFile.open(file) : TorchCheckpoint.open(file);
  }

  private static List<StageResult> compare(JsonObject expected, Checkpoint checkpoint) {
    Set<String> names = Set.copyOf(checkpoint.names());
    if (!names.equals(expected.names())) {
      return List.of(
          new StageResult(
              "names",
              Double.POSITIVE_INFINITY,
              0,
              "the file has %d tensors, stored %d or others"
                  .formatted(names.size(), expected.names().size())));
    }
    double described = 0;
    double worst = 0;
    String note = "";
    for (String name : expected.names()) {
      JsonObject entry = expected.object(name);
      StoredTensor tensor = checkpoint.tensor(name);
      List<Integer> shape = Arrays.stream(tensor.shape().toArray()).boxed().toList();
      if (!tensor.storedType().name().equals(entry.string("dtype"))
          || !shape.equals(entry.integers("shape", 0, Integer.MAX_VALUE))) {
        described = Double.POSITIVE_INFINITY;
        note = name + " is " + tensor.storedType() + shape;
      } else {
        worst = Math.max(worst, error(entry.numbers("values"), tensor));
      }
    }
    return List.of(
        new StageResult("types and shapes", described, 0, note),
        new StageResult("values", worst, 0));
  }

  private static double error(List<Double> expected, StoredTensor tensor) {
    long count = tensor.shape().elements();
    if (expected.size() != count) {
      return Double.POSITIVE_INFINITY;
    }
    double worst = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(Math.max(4, 4 * count), 64);
      if (tensor.storedType().widens()) {
        tensor.read(values);
      }
      for (int i = 0; i < count; i++) {
        if (tensor.storedType().widens()) {
          worst =
              OpRun.worst(
                  worst,
                  values.getAtIndex(ValueLayout.JAVA_FLOAT, i),
                  expected.get(i).floatValue());
        } else {
          worst = OpRun.worst(worst, integer(tensor, i), expected.get(i));
        }
      }
    }
    return worst;
  }

  /** Types of eight bits that are no integers are stored as their bits. */
  private static double integer(StoredTensor tensor, int i) {
    MemorySegment bytes = tensor.bytes();
    return switch (tensor.storedType()) {
      case I64 -> bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, 8L * i);
      case U64 -> {
        long value = bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, 8L * i);
        yield value < 0 ? value + 0x1p64 : value;
      }
      case I32 -> bytes.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * i);
      case U32 -> bytes.get(ValueLayout.JAVA_INT_UNALIGNED, 4L * i) & 0xffff_ffffL;
      case I16 -> bytes.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i);
      case U16 -> bytes.get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i) & 0xffff;
      case I8 -> bytes.get(ValueLayout.JAVA_BYTE, i);
      default -> bytes.get(ValueLayout.JAVA_BYTE, i) & 0xff;
    };
  }
}
