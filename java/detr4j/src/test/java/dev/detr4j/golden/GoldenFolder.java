package dev.detr4j.golden;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Reads stored outputs from the class path: JSON as maps, lists and numbers, safetensors as arrays,
 * and the formula that makes inputs. It shares no code with the library's readers.
 */
public final class GoldenFolder {
  private final String root;

  /** A folder below {@code golden/}. */
  public GoldenFolder(String name) {
    root = "/golden/" + name + "/";
  }

  /** The bytes of a file. */
  public byte[] bytes(String path) {
    try (InputStream stream = GoldenFolder.class.getResourceAsStream(root + path)) {
      if (stream == null) {
        throw new IllegalArgumentException("no test resource " + root + path);
      }
      return stream.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A JSON object. */
  @SuppressWarnings("unchecked")
  public Map<String, Object> object(String path) {
    return (Map<String, Object>) json(bytes(path));
  }

  /** A JSON array. */
  @SuppressWarnings("unchecked")
  public List<Object> array(String path) {
    return (List<Object>) json(bytes(path));
  }

  /** Every tensor of a safetensors file, little endian, positioned at its first byte. */
  public Map<String, Tensor> tensors(String path) {
    ByteBuffer file = ByteBuffer.wrap(bytes(path)).order(ByteOrder.LITTLE_ENDIAN);
    int header = Math.toIntExact(file.getLong(0));
    byte[] text = new byte[header];
    file.get(8, text);
    Map<String, Tensor> tensors = new HashMap<>();
    for (Map.Entry<?, ?> entry : ((Map<?, ?>) json(text)).entrySet()) {
      if (entry.getValue() instanceof Map<?, ?> tensor
          && tensor.get("data_offsets") instanceof List<?> offsets) {
        int from = 8 + header + ((Number) offsets.get(0)).intValue();
        int to = 8 + header + ((Number) offsets.get(1)).intValue();
        ByteBuffer data = file.slice(from, to - from).order(ByteOrder.LITTLE_ENDIAN);
        List<?> shape = (List<?>) tensor.get("shape");
        int[] extents = shape.stream().mapToInt(extent -> ((Number) extent).intValue()).toArray();
        tensors.put((String) entry.getKey(), new Tensor(extents, data));
      }
    }
    return tensors;
  }

  /** The bytes and extents of one stored tensor. */
  public record Tensor(int[] shape, ByteBuffer data) {
    /** As fp32. */
    public float[] floats() {
      float[] values = new float[data.remaining() / 4];
      data.asFloatBuffer().get(values);
      return values;
    }

    /** Integers of 16 or 64 bits. */
    public int[] integers(int bytes) {
      int[] values = new int[data.remaining() / bytes];
      for (int i = 0; i < values.length; i++) {
        values[i] = bytes == 2 ? data.getShort(2 * i) : Math.toIntExact(data.getLong(8 * i));
      }
      return values;
    }
  }

  /** Tensor values by formula: splitmix64 over the FNV-1a hash of the key. */
  public static float[] formula(String key, long seed, double base, double scale, int count) {
    long[] random = random(key, seed, count);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) (base + scale * (2.0 * ((random[i] >>> 11) * 0x1.0p-53) - 1.0));
    }
    return values;
  }

  /** The 64 random bits of each value of {@link #formula}. */
  public static long[] random(String key, long seed, int count) {
    long hash = 0xcbf29ce484222325L;
    for (byte b : key.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    }
    long[] values = new long[count];
    for (int i = 0; i < count; i++) {
      long z = seed + hash + (i + 1L) * 0x9E3779B97F4A7C15L;
      z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
      z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
      values[i] = z ^ (z >>> 31);
    }
    return values;
  }

  private static Object json(byte[] text) {
    try (JsonParser parser = new JsonFactory().createParser(text)) {
      return value(parser, parser.nextToken());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Object value(JsonParser parser, JsonToken token) throws IOException {
    return switch (token) {
      case START_OBJECT -> {
        Map<String, Object> object = new LinkedHashMap<>();
        while (parser.nextToken() != JsonToken.END_OBJECT) {
          String key = parser.currentName();
          object.put(key, value(parser, parser.nextToken()));
        }
        yield object;
      }
      case START_ARRAY -> {
        List<Object> array = new ArrayList<>();
        for (JsonToken next = parser.nextToken();
            next != JsonToken.END_ARRAY;
            next = parser.nextToken()) {
          array.add(value(parser, next));
        }
        yield array;
      }
      case VALUE_STRING -> parser.getText();
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> parser.getNumberValue();
      case VALUE_TRUE -> true;
      case VALUE_FALSE -> false;
      default -> null;
    };
  }
}
