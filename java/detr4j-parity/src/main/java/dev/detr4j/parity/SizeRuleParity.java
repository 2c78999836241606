package dev.detr4j.parity;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.ResizeRule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Hugging Face's rule of output sizes, over a table of input sizes: rows of height, width, shortest
 * and longest side, then {@code [height, width]} of this rule, then those of other rules, which may
 * be null.
 */
final class SizeRuleParity implements ParityCase.OnHost {
  private static final int NUMBERS = 6;
  private static final int LARGEST = 1 << 20;

  private final String path;
  private final Path file;

  /** The case of a {@code prepost/size_rules.json}. */
  SizeRuleParity(String path, Path file) {
    this.path = path;
    this.file = file;
  }

  @Override
  public String path() {
    return path;
  }

  @Override
  public List<StageResult> run() {
    try (JsonParser json = new JsonFactory().createParser(file.toFile())) {
      while (json.nextToken() != null) {
        if (json.currentToken() == JsonToken.FIELD_NAME && json.currentName().equals("rows")) {
          expect(json.nextToken() == JsonToken.START_ARRAY, "rows is not a list");
          return List.of(compare(json));
        }
      }
      throw new CheckpointException("size_rules.json: rows is missing, expected a list");
    } catch (IOException e) {
      String reason = String.valueOf(e.getMessage()).lines().findFirst().orElse("");
      throw new CheckpointException("size_rules.json: cannot be read: " + reason, e);
    }
  }

  private static StageResult compare(JsonParser json) throws IOException {
    double worst = Double.NaN;
    String note = "no rows";
    while (json.nextToken() == JsonToken.START_ARRAY) {
      List<Integer> row = row(json);
      PixelSize actual =
          new ResizeRule.HuggingFace(row.get(2), row.get(3)).compute(row.get(1), row.get(0));
      int error =
          Math.max(Math.abs(actual.height() - row.get(4)), Math.abs(actual.width() - row.get(5)));
      if (!(error <= worst)) {
        worst = error;
        note = error == 0 ? "" : "row " + row + " gives " + actual;
      }
    }
    return new StageResult("huggingface", worst, 0, note);
  }

  /** The first six numbers of a row, whose opening bracket has been read. */
  private static List<Integer> row(JsonParser json) throws IOException {
    List<Integer> numbers = new ArrayList<>();
    int depth = 1;
    while (depth > 0) {
      JsonToken token = json.nextToken();
      expect(token != null, "a row has no end");
      if (token.isStructStart()) {
        depth++;
      } else if (token.isStructEnd()) {
        depth--;
      } else if (numbers.size() < NUMBERS) {
        expect(token == JsonToken.VALUE_NUMBER_INT, "a row does not begin with six integers");
        int number = json.getIntValue();
        expect(number > 0 && number < LARGEST, "a row has the side " + number);
        numbers.add(number);
      }
    }
    expect(numbers.size() == NUMBERS, "a row has less than six numbers");
    return numbers;
  }

  private static void expect(boolean holds, String otherwise) {
    if (!holds) {
      throw new CheckpointException(
          "size_rules.json: " + otherwise + ", expected [h, w, shortest, longest, [h, w], ...]");
    }
  }
}
