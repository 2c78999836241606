package dev.detr4j.evaluation;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.util.JsonRecyclerPools;
import dev.detr4j.json.JsonFault;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.math.BigDecimal;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

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
              StreamReadConstraints.builder().maxNestingDepth(1000).maxNumberLength(1000).build())
          .build();

  /** A decimal number, as a text may hold one. */
  private static final Pattern DECIMAL =
      Pattern.compile("[+-]?([0-9]+\\.?[0-9]*|\\.[0-9]+)([eE][+-]?[0-9]+)?");

  private final JsonParser json;
  private final Oddities oddities = new Oddities();
  private @Nullable String list;
  private int index = -1;

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
        String at = json.list == null ? "" : json.place() + ": ";
        throw new EvaluationException(name + ": " + at + e.getMessage(), e);
      }
    } catch (JsonProcessingException e) {
      throw new EvaluationException(name + ": " + JsonFault.of(e), e);
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
    this.list = list;
    expect(isList(), "a list");
    for (index = 0; json.nextToken() != JsonToken.END_ARRAY; index++) {
      if (index == LONGEST_LIST) {
        throw new EvaluationException("the list is longer than " + LONGEST_LIST);
      }
      reader.read();
    }
    index = -1;
    this.list = null;
  }

  /** Which element of a list is being read, as in {@code images[3]}. */
  String place() {
    return index < 0 ? String.valueOf(list) : list + "[" + index + "]";
  }

  /** What is odd about the file so far. */
  Oddities oddities() {
    return oddities;
  }

  private void odd(Oddity.Kind kind, String field, String found) {
    oddities.add(kind, () -> place() + ": " + field + " is " + found);
  }

  /** The id of the element itself, where it is odd with a note of it. */
  CocoId ownId(String field) throws IOException {
    CocoId id = id(field);
    if (!id.isPlain()) {
      boolean number = json.currentToken().isNumeric();
      odd(number ? Oddity.Kind.ID_NOT_64_BIT : Oddity.Kind.ID_NOT_A_NUMBER, field, id.toString());
    }
    return id;
  }

  /** A number, which may be large or a fraction, a text or null; 7.0 is 7, as it is in Python. */
  CocoId id(String field) throws IOException {
    return switch (json.currentToken()) {
      case VALUE_STRING -> CocoId.of(json.getText());
      case VALUE_NULL -> CocoId.NULL;
      case VALUE_NUMBER_INT ->
          json.getNumberType() == JsonParser.NumberType.BIG_INTEGER
              ? CocoId.of(json.getBigIntegerValue())
              : CocoId.of(json.getLongValue());
      case VALUE_NUMBER_FLOAT -> {
        expect(Double.isFinite(json.getDoubleValue()), field, "a number or a text");
        yield CocoId.of(new BigDecimal(json.getDoubleValue()));
      }
      default -> throw wrong(field, "a number or a text");
    };
  }

  double number(String field) throws IOException {
    expect(json.currentToken().isNumeric(), field, "a number");
    return json.getDoubleValue();
  }

  /** The area of an object; a negative one is odd. */
  double area(String field) throws IOException {
    double area = number(field);
    if (!Double.isFinite(area)) {
      throw wrong(field, "a finite number");
    }
    if (area < 0) {
      odd(Oddity.Kind.NEGATIVE_AREA, field, found());
    }
    return area;
  }

  /** A name; empty for null and whatever else has no text, and odd where it is none. */
  String name(String field, Oddity.Kind otherwise) throws IOException {
    if (json.currentToken() != JsonToken.VALUE_STRING) {
      odd(otherwise, field, found());
    }
    return json.currentToken().isScalarValue() && json.currentToken() != JsonToken.VALUE_NULL
        ? json.getText()
        : "";
  }

  /** A number of pixels, or 0 where it is something else, which is odd. */
  int pixels(String field) throws IOException {
    if (json.currentToken().isNumeric()) {
      double value = json.getDoubleValue();
      if (value >= 0 && value <= Integer.MAX_VALUE && value == Math.rint(value)) {
        return (int) value;
      }
    }
    odd(Oddity.Kind.SIZE_NOT_PIXELS, field, found());
    return 0;
  }

  /** False, 0, true, 1, or another whole number that fits a byte and means 1 to pycocotools. */
  boolean flag(String field) throws IOException {
    if (json.currentToken().isBoolean()) {
      return json.getBooleanValue();
    }
    double value = json.currentToken().isNumeric() ? json.getDoubleValue() : Double.NaN;
    expect(value >= 0 && value <= 255 && value == Math.rint(value), field, "0 or 1");
    return value != 0;
  }

  /** The annotated box: a coordinate may be text, which is odd, and so is a negative size. */
  Box annotatedBox(String field) throws IOException {
    Box box = box(field, true);
    if (box.width() < 0 || box.height() < 0) {
      odd(Oddity.Kind.NEGATIVE_SIZE, field, box.width() + " x " + box.height());
    }
    return box;
  }

  Box box(String field) throws IOException {
    return box(field, false);
  }

  /** Reads to the end of the list before it complains, so that the element can be left out. */
  private Box box(String field, boolean textTaken) throws IOException {
    expect(isList(), field, "a list of four numbers");
    double[] values = new double[4];
    int count = 0;
    String text = null;
    EvaluationException first = null;
    while (json.nextToken() != JsonToken.END_ARRAY) {
      double value = 0;
      if (json.currentToken().isNumeric()) {
        value = json.getDoubleValue();
      } else if (textTaken
          && json.currentToken() == JsonToken.VALUE_STRING
          && DECIMAL.matcher(json.getText().strip()).matches()) {
        text = text == null ? found() : text;
        value = Double.parseDouble(json.getText().strip());
      } else if (first == null) {
        first = wrong(field, "a number");
      }
      json.skipChildren();
      if (count < 4) {
        values[count] = value;
      }
      count++;
    }
    if (first == null && count != 4) {
      first = new EvaluationException(field + " has " + count + " numbers, expected four");
    }
    if (first != null) {
      throw first;
    }
    if (text != null) {
      odd(Oddity.Kind.COORDINATE_AS_TEXT, field, "a list with " + text);
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
      throw wrong(field, expected);
    }
  }

  private EvaluationException wrong(String field, String expected) throws IOException {
    return new EvaluationException(field + " is " + found() + ", expected " + expected);
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
