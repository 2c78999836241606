package dev.detr4j.checkpoint;

import dev.detr4j.error.ModelConfigException;
import dev.detr4j.error.OneLine;
import dev.detr4j.json.JsonObject;
import dev.detr4j.json.OutsideFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Class names that a user brings: one on each line in the order of the classes, or a JSON object
 * from label ids to names, on its own or under {@code id2label} as in a config.json. UTF-8.
 */
public final class LabelFile {
  private static final int LONGEST = 1 << 20;

  private LabelFile() {}

  /**
   * Reads the names by label id.
   *
   * @param classes how many the model has
   * @param firstLabel the label id of the first; a JSON object may name those before it, lines too
   *     when there is one for each id. In a JSON object a class may have no name; it is called
   *     {@code LABEL_<id>}
   * @throws ModelConfigException when the file cannot be read or does not fit the model
   */
  public static List<String> read(Path file, int classes, int firstLabel) {
    String where = "labels " + OneLine.of(file.toString());
    String text = text(file, where);
    return text.stripLeading().startsWith("{")
        ? ofJson(text, where, classes + firstLabel)
        : ofLines(text, where, classes, firstLabel);
  }

  private static String text(Path file, String where) {
    try {
      checkSize(where, Files.size(file));
      byte[] bytes = OutsideFile.read(file, LONGEST + 1);
      checkSize(where, bytes.length);
      if (OutsideFile.isLfsPointer(bytes)) {
        throw new ModelConfigException(where + ": " + OutsideFile.LFS_POINTER);
      }
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return text.startsWith("\uFEFF") ? text.substring(1) : text;
    } catch (CharacterCodingException e) {
      throw new ModelConfigException(where + ": the file is not UTF-8 text", e);
    } catch (NoSuchFileException e) {
      throw new ModelConfigException(where + ": there is no such file", e);
    } catch (IOException e) {
      throw new ModelConfigException(where + ": cannot be read: " + OneLine.of(e), e);
    }
  }

  private static void checkSize(String where, long size) {
    if (size > LONGEST) {
      throw new ModelConfigException(
          "%s: the file has %d bytes, expected at most %d".formatted(where, size, LONGEST));
    }
  }

  private static List<String> ofLines(String text, String where, int classes, int firstLabel) {
    List<String> lines = text.stripTrailing().lines().map(String::strip).toList();
    if (lines.size() != classes && lines.size() != classes + firstLabel) {
      throw new ModelConfigException(
          "%s: there are %d lines, expected one for each of %d classes"
              .formatted(where, lines.size(), classes));
    }
    int blank = lines.indexOf("");
    if (blank >= 0) {
      throw new ModelConfigException(
          "%s: line %d is empty, expected a name".formatted(where, blank + 1));
    }
    List<String> labels = new ArrayList<>();
    for (int id = 0; id < firstLabel && lines.size() == classes; id++) {
      labels.add("background");
    }
    labels.addAll(lines);
    return List.copyOf(labels);
  }

  private static List<String> ofJson(String text, String where, int ids) {
    JsonObject whole =
        JsonObject.parse(where, text.getBytes(StandardCharsets.UTF_8), ModelConfigException::new);
    JsonObject names = whole.has("id2label") ? whole.object("id2label") : whole;
    List<String> labels = new ArrayList<>();
    for (int id = 0; id < ids; id++) {
      String key = Integer.toString(id);
      labels.add(names.has(key) ? names.string(key) : "LABEL_" + id);
    }
    for (String key : names.names()) {
      if (!key.matches("0|[1-9]\\d{0,8}") || Integer.parseInt(key) >= ids) {
        throw new ModelConfigException(
            "%s: %s is not a label id, expected 0 to %d"
                .formatted(names.where(), OneLine.of(key), ids - 1));
      }
    }
    if (names.names().isEmpty()) {
      throw new ModelConfigException(where + ": there is no name in it");
    }
    return List.copyOf(labels);
  }
}
