package dev.detr4j.train.golden;

import dev.detr4j.checkpoint.SafetensorsFile;
import dev.detr4j.checkpoint.StoredTensor;
import dev.detr4j.json.JsonObject;
import dev.detr4j.train.TrainingException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * Stored results of the original implementations, and inputs by the formula of weights/golden.
 *
 * <p>They were made with torch 2.14.1, transformers 5.18.0 and scipy 1.17.1 on one thread, and
 * compared there with fundamentalvision/Deformable-DETR 11169a60, facebookresearch/detr 29901c51
 * and detrex. {@code index.json} of each folder, or the file itself, says what is stored: {@code
 * losses} and {@code ops} are float64, {@code data} is the float32 of the originals, {@code
 * recipes} are the settings of training runs.
 */
public final class Golden {
  private static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private Golden() {}

  /** A file of the set. */
  public static Path path(String name) {
    try {
      return Path.of(Golden.class.getResource(name).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  public static JsonObject json(String name) {
    return JsonObject.read(path(name), TrainingException::new);
  }

  /** All elements of a stored tensor. */
  public static double[] doubles(SafetensorsFile file, String name) {
    StoredTensor tensor = file.tensor(name);
    double[] values = new double[Math.toIntExact(tensor.shape().elements())];
    MemorySegment bytes = tensor.bytes();
    for (int i = 0; i < values.length; i++) {
      values[i] =
          switch (tensor.storedType()) {
            case F64 -> bytes.get(DOUBLE, 8L * i);
            case F32 -> bytes.get(FLOAT, 4L * i);
            default -> throw new AssertionError(tensor.storedType());
          };
    }
    return values;
  }

  /** The tensor of a description: a formula, or values that stand in it. */
  public static float[] tensor(JsonObject spec, long seed) {
    int count = 1;
    for (int extent : spec.integers("shape", 0, Integer.MAX_VALUE)) {
      count *= extent;
    }
    float[] values = new float[count];
    if (spec.has("values")) {
      int at = 0;
      for (List<Double> row : spec.numberLists("values")) {
        for (double value : row) {
          values[at++] = (float) value;
        }
      }
      return values;
    }
    double base = spec.number("base");
    double scale = spec.number("scale");
    long state = 0xcbf29ce484222325L;
    for (byte b : spec.string("key").getBytes(StandardCharsets.UTF_8)) {
      state = (state ^ (b & 0xff)) * 0x100000001b3L;
    }
    state += seed;
    for (int i = 0; i < count; i++) {
      state += 0x9E3779B97F4A7C15L;
      long z = (state ^ (state >>> 30)) * 0xBF58476D1CE4E5B9L;
      z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
      z ^= z >>> 31;
      values[i] = (float) (base + scale * (2.0 * ((z >>> 11) * 0x1.0p-53) - 1.0));
    }
    return values;
  }

  /** Native memory with these numbers. */
  public static MemorySegment segment(Arena arena, float[] values) {
    return arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
  }

  /** The numbers of native memory. */
  public static float[] floats(MemorySegment segment) {
    return segment.toArray(ValueLayout.JAVA_FLOAT);
  }

  /** Centres and sizes side by side. */
  public static float[] boxes(float[] centres, float[] sizes) {
    float[] boxes = new float[2 * centres.length];
    for (int i = 0; i < centres.length / 2; i++) {
      boxes[4 * i] = centres[2 * i];
      boxes[4 * i + 1] = centres[2 * i + 1];
      boxes[4 * i + 2] = sizes[2 * i];
      boxes[4 * i + 3] = sizes[2 * i + 1];
    }
    return boxes;
  }
}
