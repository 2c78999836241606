package dev.detr4j.evaluation;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Reads a JSON file of COCO's kind as it streams by: lists of objects, which may be millions.
 * Whatever is wrong becomes an {@link EvaluationException} of one line with the file and the place.
 * Not thread-safe.
 */
final class CocoJson implements AutoCloseable {
  /** More than any data set has, few enough for the index of an array. */
  private static final int LONGEST_LIST = 1 << 26;

  // NaN is no JSON, but Python writes it: accepted here, so that its place can be named.
  // Nothing is shared between files: a table of canonical names could be broken for all later ones.
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .recyclerPool(JsonRecyclerPools.nonRecyclingPool())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
          .streamReadConstraints(
              StreamReadConstraints.builder().maxNestingDepth(32).maxNumberLength(100).build())
          .build();

  private final JsonParser json;
  private String place = "";

  private CocoJson(JsonParser json) {
    this.json = json;
  }

  interface FileReader<T> {
    T read(CocoJson json) throws IOException;
  }

  interface FieldReader {
    /** Reads the value that the parser stands at, or leaves it alone, which skips it. */
    void read(String field) throws IOException;
  }

  interface ElementReader {
    /** Reads the element that the parser stands at. */
    void read() throws IOException;
  }

  /** Reads a whole file. */
  static <T> T read(Path file, FileReader<T> reader) {
    String name = oneLine(String.valueOf(file.getFileName()));
    if (Files.isDirectory(file)) {
      throw new EvaluationException(oneLine(file.toString()) + ": is a folder, expected a file");
    }
    try (Reader text = text(file);
        CocoJson json = new CocoJson(JSON.createParser(text))) {
      try {
        json.json.nextToken();
        T value = reader.read(json);
        if (json.json.nextToken() != null) {
          throw new EvaluationException("text follows its end");
        }
        return value;
      } catch (EvaluationException e) {
        String at = json.place.isEmpty() ? "" : json.place + ": ";
        throw new EvaluationException(name + ": " + at + e.getMessage(), e);
      }
    } catch (JsonProcessingException e) {
      throw new EvaluationException(
          "%s: not valid JSON at line %d, column %d: %s"
              .formatted(
                  name,
                  e.getLocation() == null ? 0 : e.getLocation().getLineNr(),
                  e.getLocation() == null ? 0 : e.getLocation().getColumnNr(),
                  oneLine(e.getOriginalMessage())),
          e);
    } catch (EvaluationException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new EvaluationException(
          name + ": cannot be parsed: the parser failed with " + oneLine(e.toString()), e);
    } catch (CharacterCodingException e) {
      throw new EvaluationException(name + ": not valid JSON: it is not UTF-8 text", e);
    } catch (NoSuchFileException e) {
      throw new EvaluationException(oneLine(file.toString()) + ": there is no such file", e);
    } catch (IOException e) {
      throw new EvaluationException(
          oneLine(file.toString()) + ": cannot be read: " + oneLine(String.valueOf(e.getMessage())),
          e);
    }
  }

  /** The characters of UTF-8 text, checked; a byte order mark is skipped. */
  private static Reader text(Path file) throws IOException {
    BufferedReader text = Files.newBufferedReader(file);
    try {
      text.mark(1);
      if (text.read() != '\uFEFF') {
        text.reset();
      }
      return text;
    } catch (IOException e) {
      text.close();
      throw e;
    }
  }

  /** Whether the value is an object. */
  boolean isObject() {
    return json.currentToken() == JsonToken.START_OBJECT;
  }

  /** Whether the value is a list. */
  boolean isList() {
    return json.currentToken() == JsonToken.START_ARRAY;
  }

  /** Calls the reader at the value of every field. */
  void fields(FieldReader reader) throws IOException {
    expect(isObject(), "an object");
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String field = json.currentName();
      json.nextToken();
      reader.read(field);
      if (isObject() || isList()) {
        json.skipChildren();
      }
    }
  }

  /** Calls the reader at every element of a list, and names the element in errors. */
  void elements(String list, ElementReader reader) throws IOException {
    place = list;
    expect(isList(), "a list");
    for (int i = 0; json.nextToken() != JsonToken.END_ARRAY; i++) {
      place = list + "[" + i + "]";
      if (i == LONGEST_LIST) {
        throw new EvaluationException("the list is longer than " + LONGEST_LIST);
      }
      reader.read();
    }
    place = "";
  }

  /** An integer; 7.0 is one too, as it is in Python. */
  long integer(String field) throws IOException {
    if (json.currentToken() == JsonToken.VALUE_NUMBER_FLOAT) {
      double value = json.getDoubleValue();
      if (value == Math.rint(value) && Math.abs(value) < 1L << 53) {
        return (long) value;
      }
    }
    expect(json.currentToken() == JsonToken.VALUE_NUMBER_INT, field, "an integer");
    return json.getLongValue();
  }

  double number(String field) throws IOException {
    expect(json.currentToken().isNumeric(), field, "a number");
    return json.getDoubleValue();
  }

  String text(String field) throws IOException {
    expect(json.currentToken() == JsonToken.VALUE_STRING, field, "a string");
    return json.getText();
  }

  /** 0, 1, true or false. */
  boolean flag(String field) throws IOException {
    if (json.currentToken().isBoolean()) {
      return json.getBooleanValue();
    }
    long value = integer(field);
    expect(value == 0 || value == 1, field, "0 or 1");
    return value == 1;
  }

  Box box(String field) throws IOException {
    expect(isList(), field, "a list of four numbers");
    double[] values = new double[4];
    int count = 0;
    while (json.nextToken() != JsonToken.END_ARRAY) {
      double value = number(field);
      if (count < 4) {
        values[count] = value;
      }
      count++;
    }
    if (count != 4) {
      throw new EvaluationException(field + " has " + count + " numbers, expected four");
    }
    return new Box(values[0], values[1], values[2], values[3]);
  }

  private void expect(boolean holds, String expected) throws IOException {
    if (!holds) {
      throw new EvaluationException("expected " + expected + ", found " + found());
    }
  }

  private void expect(boolean holds, String field, String expected) throws IOException {
    if (!holds) {
      throw new EvaluationException(field + " is " + found() + ", expected " + expected);
    }
  }

  private String found() throws IOException {
    return switch (json.currentToken()) {
      case null -> "nothing";
      case START_OBJECT -> "an object";
      case START_ARRAY -> "a list";
      case VALUE_STRING -> "\"" + oneLine(json.getText()) + "\"";
      default -> oneLine(String.valueOf(json.getText()));
    };
  }

  /** Text from a file, fit for a message: one printable line of bounded length. */
  static String oneLine(String text) {
    int longest = 160;
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < Math.min(text.length(), longest); i++) {
      char c = text.charAt(i);
      boolean control = Character.isISOControl(c) || Character.getType(c) == Character.FORMAT;
      line.append(control ? '?' : c);
    }
    return text.length() > longest ? line.append('…').toString() : line.toString();
  }

  @Override
  public void close() throws IOException {
    json.close();
  }
}
