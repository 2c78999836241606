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
import java.util.LinkedHashMap;
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
      case Double number -> json.writeNumber(number);
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

  /**
   * The {@code preprocessor_config.json}: the standard of DETR, and what the form has otherwise.
   */
  static byte[] preprocessor(TransformersForm form) {
    PreprocessorConfig standard = PreprocessorConfig.defaults();
    PreprocessorConfig.Edges edges = (PreprocessorConfig.Edges) standard.size();
    if (edges == null) {
      throw new IllegalStateException("the standard is to resize");
    }
    Map<String, @Nullable Object> size = new LinkedHashMap<>();
    size.put("shortest_edge", edges.shortest());
    size.put("longest_edge", edges.longest());
    Map<String, @Nullable Object> fields = new LinkedHashMap<>();
    fields.put("image_processor_type", form.imageProcessor());
    fields.put("format", "coco_detection");
    fields.put("do_resize", true);
    fields.put("size", size);
    fields.put("resample", 2);
    fields.put("do_rescale", true);
    fields.put("rescale_factor", standard.rescaleFactor());
    fields.put("do_normalize", true);
    fields.put("image_mean", standard.mean());
    fields.put("image_std", standard.std());
    fields.put("do_pad", true);
    fields.putAll(form.preprocessor());
    return object(json -> fields(json, fields));
  }
}
