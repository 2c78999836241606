package dev.detr4j.convert;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import dev.detr4j.checkpoint.PreprocessorConfig;
import dev.detr4j.model.family.TransformersForm;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The configuration files of a Hugging Face model folder, in the style of the published ones, which
 * transformers 4 and 5 read.
 */
final class HuggingFaceConfigs {
  private static final DefaultIndenter INDENTER = new DefaultIndenter("  ", "\n");
  private static final Separators SEPARATORS =
      Separators.createDefaultInstance().withObjectFieldValueSpacing(Separators.Spacing.AFTER);

  private HuggingFaceConfigs() {}

  private interface Body {
    void write(JsonGenerator json) throws IOException;
  }

  private static byte[] object(Body body) {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
      json.setPrettyPrinter(new DefaultPrettyPrinter(SEPARATORS).withObjectIndenter(INDENTER));
      json.writeStartObject();
      body.write(json);
      json.writeEndObject();
      json.writeRaw('\n');
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
    return text.toByteArray();
  }

  /** The {@code config.json} of a model. */
  static byte[] config(TransformersForm form) {
    return object(json -> fields(json, form.configJson()));
  }

  private static void fields(JsonGenerator json, Map<?, ?> fields) throws IOException {
    for (Map.Entry<?, ?> field : fields.entrySet()) {
      json.writeFieldName(String.valueOf(field.getKey()));
      value(json, field.getValue());
    }
  }

  private static void value(JsonGenerator json, @Nullable Object value) throws IOException {
    switch (value) {
      case null -> json.writeNull();
      case String text -> json.writeString(text);
      case Boolean flag -> json.writeBoolean(flag);
      case Integer number -> json.writeNumber(number);
      case List<?> list -> {
        json.writeStartArray();
        for (Object item : list) {
          value(json, item);
        }
        json.writeEndArray();
      }
      case Map<?, ?> map -> {
        json.writeStartObject();
        fields(json, map);
        json.writeEndObject();
      }
      default -> throw new IllegalArgumentException("no form in JSON for " + value.getClass());
    }
  }

  /** The {@code preprocessor_config.json} with the size rule and statistics of all these models. */
  static byte[] preprocessor(String imageProcessor) {
    PreprocessorConfig standard = PreprocessorConfig.defaults();
    PreprocessorConfig.Edges edges = (PreprocessorConfig.Edges) standard.size();
    if (edges == null) {
      throw new IllegalStateException("the standard is to resize");
    }
    return object(json -> {
      json.writeStringField("image_processor_type", imageProcessor);
      json.writeStringField("format", "coco_detection");
      json.writeBooleanField("do_resize", true);
      json.writeObjectFieldStart("size");
      json.writeNumberField("shortest_edge", edges.shortest());
      json.writeNumberField("longest_edge", edges.longest());
      json.writeEndObject();
      json.writeNumberField("resample", 2);
      json.writeBooleanField("do_rescale", true);
      json.writeNumberField("rescale_factor", standard.rescaleFactor());
      json.writeBooleanField("do_normalize", true);
      numbers(json, "image_mean", standard.mean());
      numbers(json, "image_std", standard.std());
      json.writeBooleanField("do_pad", true);
    });
  }

  private static void numbers(JsonGenerator json, String name, List<Double> values)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (double value : values) {
      json.writeNumber(value);
    }
    json.writeEndArray();
  }
}
