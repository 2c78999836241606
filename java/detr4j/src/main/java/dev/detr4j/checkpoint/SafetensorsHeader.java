package dev.detr4j.checkpoint;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.Detr4jException;
import dev.detr4j.error.OneLine;
import dev.detr4j.json.JsonFault;
import dev.detr4j.json.JsonReader;
import dev.detr4j.tensor.Shape;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The header of a safetensors file: a JSON object from tensor name to {@code dtype}, {@code shape}
 * and {@code data_offsets}, plus free text under {@code __metadata__}.
 *
 * <p>As in the format's reference reader, the ranges of all tensors must tile the data part: sorted
 * by offset they neither overlap nor leave holes, and they end where the file ends. Duplicate names
 * are refused, which the reference reader lets pass.
 */
final class SafetensorsHeader {
  /**
   * The most bytes of a header. The reference reader takes six times as many; a model of {@value
   * #MOST_TENSORS} tensors needs no more than this.
   */
  static final long LONGEST = 16L << 20;

  private static final int MOST_TENSORS = TorchCheckpoint.MOST_TENSORS;
  private static final int MOST_METADATA = 10_000;
  private static final String METADATA = "__metadata__";
  private static final int MOST_DIMENSIONS = 16;
  private static final JsonFactory JSON =
      JsonReader.factory(
          StreamReadConstraints.builder()
              .maxNestingDepth(4)
              .maxNumberLength(20)
              .maxNameLength(4096)
              .maxStringLength((int) LONGEST)
              .build(),
          false);

  /** One tensor; {@code begin} and {@code end} count bytes from the start of the data part. */
  record Entry(String name, StoredType type, Shape shape, long begin, long end) {}

  private final String container;
  private final long dataBytes;
  private final List<Entry> entries = new ArrayList<>();
  private final Map<String, String> metadata = new LinkedHashMap<>();

  private SafetensorsHeader(String container, long dataBytes) {
    this.container = container;
    this.dataBytes = dataBytes;
  }

  /**
   * Parses and checks a header.
   *
   * @param json the header without its length field
   * @param dataBytes how many bytes of data follow it in the file
   */
  static SafetensorsHeader parse(String container, ByteBuffer json, long dataBytes) {
    SafetensorsHeader header = new SafetensorsHeader(container, dataBytes);
    header.read(header.decode(json));
    header.checkTiling();
    return header;
  }

  /** The tensors in the order of the header. */
  List<Entry> entries() {
    return entries;
  }

  /** The free text that the writer added. */
  Map<String, String> metadata() {
    return metadata;
  }

  private CharBuffer decode(ByteBuffer json) {
    try {
      return JsonReader.decode(json);
    } catch (CharacterCodingException e) {
      throw new CheckpointException(
          "checkpoint " + container + ": the header is not UTF-8 text", e);
    }
  }

  private void read(CharBuffer text) {
    try (JsonParser parser =
        JSON.createParser(text.array(), text.arrayOffset() + text.position(), text.remaining())) {
      if (parser.nextToken() != JsonToken.START_OBJECT) {
        throw broken("expected a JSON object");
      }
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        String name = parser.currentName();
        JsonToken value = parser.nextToken();
        if (name.equals(METADATA) && value == JsonToken.VALUE_NULL) {
          continue; // Optional for the reference reader, which takes null for absent.
        }
        if (value != JsonToken.START_OBJECT) {
          throw broken("the entry of " + OneLine.of(name) + " is not an object");
        }
        if (name.equals(METADATA)) {
          readMetadata(parser);
        } else if (entries.size() == MOST_TENSORS) {
          throw broken("there are more than " + MOST_TENSORS + " tensors");
        } else {
          entries.add(readEntry(parser, name));
        }
      }
      if (parser.nextToken() != null) {
        throw broken("there is more text after the JSON object");
      }
    } catch (JsonProcessingException e) {
      throw new CheckpointException(
          "checkpoint %s: the header is %s".formatted(container, JsonFault.of(e)), e);
    } catch (Detr4jException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new CheckpointException(
          "checkpoint %s: the header cannot be parsed: the parser failed with %s"
              .formatted(container, OneLine.of(e.toString())),
          e);
    } catch (IOException e) {
      throw new AssertionError("reading from memory", e);
    }
  }

  private void readMetadata(JsonParser parser) throws IOException {
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = parser.currentName();
      if (parser.nextToken() != JsonToken.VALUE_STRING) {
        throw broken("metadata " + OneLine.of(key) + " is not a string");
      }
      if (metadata.size() == MOST_METADATA) {
        throw broken("there are more than " + MOST_METADATA + " keys in " + METADATA);
      }
      metadata.put(key, parser.getText());
    }
  }

  private Entry readEntry(JsonParser parser, String name) throws IOException {
    @Nullable String type = null;
    long @Nullable [] extents = null;
    long @Nullable [] offsets = null;
    while (parser.nextToken() == JsonToken.FIELD_NAME) {
      String key = parser.currentName();
      JsonToken value = parser.nextToken();
      switch (key) {
        case "dtype" -> {
          if (value != JsonToken.VALUE_STRING) {
            throw broken(name, "dtype is not a string");
          }
          type = parser.getText();
        }
        case "shape" -> extents = readNumbers(parser, name, key);
        case "data_offsets" -> offsets = readNumbers(parser, name, key);
        default -> throw broken(name, "has an unknown field " + OneLine.of(key));
      }
    }
    if (type == null || extents == null || offsets == null) {
      throw broken(name, "lacks dtype, shape or data_offsets");
    }
    if (offsets.length != 2) {
      throw broken(name, "has " + offsets.length + " data_offsets, expected begin and end");
    }
    return check(
        new Entry(name, storedType(name, type), shape(name, extents), offsets[0], offsets[1]));
  }

  private long[] readNumbers(JsonParser parser, String name, String key) throws IOException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw broken(name, key + " is not a list");
    }
    long[] numbers = new long[MOST_DIMENSIONS];
    int count = 0;
    while (parser.nextToken() == JsonToken.VALUE_NUMBER_INT) {
      if (count == MOST_DIMENSIONS) {
        throw broken(name, key + " has more than " + MOST_DIMENSIONS + " numbers");
      }
      numbers[count++] = parser.getLongValue();
    }
    if (parser.currentToken() != JsonToken.END_ARRAY) {
      throw broken(name, key + " holds something other than integers");
    }
    return Arrays.copyOf(numbers, count);
  }

  private StoredType storedType(String name, String type) {
    for (StoredType known : StoredType.values()) {
      if (known.name().equals(type)) {
        return known;
      }
    }
    throw broken(name, "has the unknown dtype " + OneLine.of(type));
  }

  private Shape shape(String name, long[] extents) {
    int[] narrowed = new int[extents.length];
    for (int i = 0; i < extents.length; i++) {
      if (extents[i] < 0 || extents[i] > Integer.MAX_VALUE) {
        throw broken(name, "has the extent " + extents[i] + ", expected 0 to " + Integer.MAX_VALUE);
      }
      narrowed[i] = (int) extents[i];
    }
    return Shape.of(narrowed);
  }

  private Entry check(Entry entry) {
    long needed;
    try {
      needed = Math.multiplyExact(entry.shape.elements(), (long) entry.type.bytes());
    } catch (ArithmeticException e) {
      throw broken(entry.name, "has shape " + entry.shape + ", whose size overflows");
    }
    if (entry.begin < 0 || entry.end < entry.begin || entry.end > dataBytes) {
      throw broken(
          entry.name,
          String.format(
              Locale.ROOT,
              "has data_offsets [%d, %d], but the file holds %d bytes of data",
              entry.begin,
              entry.end,
              dataBytes));
    }
    if (entry.end - entry.begin != needed) {
      throw broken(
          entry.name,
          String.format(
              Locale.ROOT,
              "has %d bytes of data, but %s %s needs %d",
              entry.end - entry.begin,
              entry.type,
              entry.shape,
              needed));
    }
    return entry;
  }

  private void checkTiling() {
    List<Entry> sorted = new ArrayList<>(entries);
    sorted.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
    long covered = 0;
    for (Entry entry : sorted) {
      if (entry.begin != covered) {
        String what =
            entry.begin < covered ? "overlaps the tensor before it" : "leaves a hole before it";
        throw broken(entry.name, what + ": it begins at " + entry.begin + ", expected " + covered);
      }
      covered = entry.end;
    }
    if (covered != dataBytes) {
      throw new CheckpointException(
          "checkpoint %s: the header describes %d bytes of data, the file holds %d"
              .formatted(container, covered, dataBytes));
    }
  }

  private CheckpointException broken(String what) {
    return new CheckpointException(
        "checkpoint " + container + ": broken safetensors header: " + what);
  }

  private CheckpointException broken(String tensor, String what) {
    return new CheckpointException(
        "checkpoint " + container + ": tensor " + OneLine.of(tensor) + " " + what);
  }
}
