package dev.detr4j.train.export;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import dev.detr4j.error.OneLine;
import dev.detr4j.json.JsonReader;
import dev.detr4j.train.TrainingException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Copies a JSON file field by field and replaces some of the outermost ones. Stateless. */
final class ConfigRewrite {
  private static final StreamReadConstraints LIMITS =
      StreamReadConstraints.builder().maxNestingDepth(32).build();

  private ConfigRewrite() {}

  /** Writes the value of one field. */
  interface Value {
    void write(JsonGenerator json) throws IOException;
  }

  /**
   * The {@code config.json} of a fine-tuned model: that of the starting model with other labels, in
   * float32. The number of labels follows from their names.
   *
   * @param softmax whether the model is a DETR, whose exact forward needs {@code auxiliary_loss}
   *     false in transformers
   */
  static byte[] config(byte[] start, List<String> classes, boolean softmax) {
    Map<String, Value> replaced = new LinkedHashMap<>();
    replaced.put(
        "id2label",
        json -> {
          json.writeStartObject();
          for (int i = 0; i < classes.size(); i++) {
            json.writeStringField(String.valueOf(i), classes.get(i));
          }
          json.writeEndObject();
        });
    replaced.put(
        "label2id",
        json -> {
          json.writeStartObject();
          for (int i = 0; i < classes.size(); i++) {
            json.writeNumberField(classes.get(i), i);
          }
          json.writeEndObject();
        });
    replaced.put("dtype", json -> json.writeString("float32"));
    if (softmax) {
      replaced.put("auxiliary_loss", json -> json.writeBoolean(false));
    }
    return copy(start, replaced, Set.of("num_labels", "torch_dtype", "_name_or_path"));
  }

  /** The {@code preprocessor_config.json} for a model that sees every picture in one size. */
  static byte[] fixedSize(byte[] start, int width, int height) {
    Map<String, Value> replaced = new LinkedHashMap<>();
    replaced.put(
        "size",
        json -> {
          json.writeStartObject();
          json.writeNumberField("height", height);
          json.writeNumberField("width", width);
          json.writeEndObject();
        });
    return copy(start, replaced, Set.of("max_size"));
  }

  private static byte[] copy(byte[] start, Map<String, Value> replaced, Set<String> dropped) {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    Map<String, Value> left = new LinkedHashMap<>(replaced);
    try (JsonParser in = JsonReader.factory(LIMITS, true).createParser(start);
        JsonGenerator out = new JsonFactory().createGenerator(text)) {
      Separators separators =
          Separators.createDefaultInstance().withObjectFieldValueSpacing(Separators.Spacing.AFTER);
      out.setPrettyPrinter(
          new DefaultPrettyPrinter(separators).withObjectIndenter(new DefaultIndenter("  ", "\n")));
      if (in.nextToken() != JsonToken.START_OBJECT) {
        throw new TrainingException("the configuration of the starting model is no JSON object");
      }
      out.writeStartObject();
      while (in.nextToken() == JsonToken.FIELD_NAME) {
        String field = in.currentName();
        in.nextToken();
        Value value = left.remove(field);
        if (value != null) {
          out.writeFieldName(field);
          value.write(out);
          in.skipChildren();
        } else if (dropped.contains(field)) {
          in.skipChildren();
        } else {
          out.writeFieldName(field);
          out.copyCurrentStructure(in);
        }
      }
      for (Map.Entry<String, Value> field : left.entrySet()) {
        out.writeFieldName(field.getKey());
        field.getValue().write(out);
      }
      out.writeEndObject();
      out.writeRaw('\n');
    } catch (IOException e) {
      throw new TrainingException(
          "the configuration of the starting model cannot be read: " + OneLine.of(e), e);
    }
    return text.toByteArray();
  }
}
