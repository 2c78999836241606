package dev.detr4j.serve.dialect;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.detr4j.Box;
import dev.detr4j.Detection;
import dev.detr4j.serve.exchange.Refusal;
import dev.detr4j.serve.json.JsonMap;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The Open Inference Protocol, version 2, of KServe and Triton, in JSON: an input {@code image} of
 * type BYTES with one Base64 string for each image. Images have different numbers of detections, so
 * {@code image_index} says which image each belongs to.
 */
public final class OpenInference implements Dialect {
  /** One tensor of the answer. */
  private record Output(String name, String datatype, Values values, int... shape) {}

  /** Writes the values of a tensor, row by row. */
  private interface Values {
    void write(JsonGenerator json) throws IOException;
  }

  /** Names, types and shapes of the outputs, as the metadata states them. */
  private static final String[][] OUTPUTS = {
    {"boxes", "FP32", "-1", "4"},
    {"scores", "FP32", "-1"},
    {"label_ids", "INT64", "-1"},
    {"labels", "BYTES", "-1"},
    {"image_index", "INT64", "-1"},
    {"image_sizes", "INT64", "-1", "2"},
  };

  @Override
  public String id() {
    return "open-inference";
  }

  @Override
  public DetectJob read(JsonMap body) {
    List<?> inputs = body.list("inputs");
    if (inputs.size() != 1) {
      throw Refusal.malformed(
          "inputs has %d tensors, expected one, named image".formatted(inputs.size()));
    }
    JsonMap input = JsonMap.asMap(inputs.getFirst(), "inputs[0]");
    if (!"image".equals(input.text("name"))) {
      throw Refusal.malformed("inputs[0].name is %s, expected image".formatted(input.text("name")));
    }
    if (!"BYTES".equals(input.text("datatype"))) {
      throw Refusal.malformed(
          "inputs[0].datatype is %s, expected BYTES with Base64 as data"
              .formatted(input.text("datatype")));
    }
    List<?> data = input.list("data");
    List<ImageSource> images = new ArrayList<>();
    for (int i = 0; i < data.size(); i++) {
      images.add(ImageSource.of(JsonMap.asText(data.get(i), "inputs[0].data[" + i + "]")));
    }
    if (input.has("shape") && !shapeIs(input.list("shape"), images.size())) {
      throw Refusal.malformed(
          "inputs[0].shape is not [%d], the number of elements in data".formatted(images.size()));
    }
    List<String> wanted = new ArrayList<>();
    if (body.has("outputs")) {
      List<?> outputs = body.list("outputs");
      for (int i = 0; i < outputs.size(); i++) {
        String name = JsonMap.asMap(outputs.get(i), "outputs[" + i + "]").text("name");
        if (name == null || !known(name)) {
          throw Refusal.malformed(
              "outputs[%d].name is %s, expected one of boxes, scores, label_ids, labels, image_index, image_sizes"
                  .formatted(i, name));
        }
        wanted.add(name);
      }
    }
    DetectJob job = DetectJob.of(images, true).forOutputs(body.text("id"), wanted);
    JsonMap parameters = body.optionalMap("parameters");
    if (parameters != null && parameters.isTrue("binary_data_output")) {
      throw Refusal.malformed("parameters.binary_data_output is not supported, only JSON");
    }
    return parameters == null
        ? job
        : job.with(parameters.number("threshold"), parameters.texts("labels"));
  }

  private static boolean shapeIs(List<?> shape, int images) {
    boolean column = shape.size() == 2 && shape.getLast().equals(1.0);
    return (shape.size() == 1 || column) && shape.getFirst().equals((double) images);
  }

  private static boolean known(String name) {
    for (String[] each : OUTPUTS) {
      if (each[0].equals(name)) {
        return true;
      }
    }
    return false;
  }

  @Override
  public void write(JsonGenerator json, DetectJob job, ServedModel model, List<ImageResult> results)
      throws IOException {
    List<Detection> all = new ArrayList<>();
    results.forEach(result -> all.addAll(result.detections()));
    json.writeStartObject();
    json.writeStringField("model_name", model.name());
    json.writeStringField("model_version", ServedModel.VERSION);
    if (job.id() != null) {
      json.writeStringField("id", job.id());
    }
    json.writeArrayFieldStart("outputs");
    for (Output output : outputs(all, results)) {
      if (!job.outputs().isEmpty() && !job.outputs().contains(output.name)) {
        continue;
      }
      json.writeStartObject();
      json.writeStringField("name", output.name);
      json.writeStringField("datatype", output.datatype);
      json.writeFieldName("shape");
      json.writeArray(output.shape, 0, output.shape.length);
      json.writeArrayFieldStart("data");
      output.values.write(json);
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static List<Output> outputs(List<Detection> all, List<ImageResult> results) {
    int n = all.size();
    return List.of(
        new Output(
            "boxes",
            "FP32",
            json -> {
              for (Detection each : all) {
                Box box = each.box();
                json.writeNumber(box.xMin());
                json.writeNumber(box.yMin());
                json.writeNumber(box.xMax());
                json.writeNumber(box.yMax());
              }
            },
            n,
            4),
        new Output(
            "scores",
            "FP32",
            json -> {
              for (Detection each : all) {
                json.writeNumber(each.score());
              }
            },
            n),
        new Output(
            "label_ids",
            "INT64",
            json -> {
              for (Detection each : all) {
                json.writeNumber(each.labelId());
              }
            },
            n),
        new Output(
            "labels",
            "BYTES",
            json -> {
              for (Detection each : all) {
                json.writeString(each.label());
              }
            },
            n),
        new Output(
            "image_index",
            "INT64",
            json -> {
              for (int i = 0; i < results.size(); i++) {
                for (int k = 0; k < results.get(i).detections().size(); k++) {
                  json.writeNumber(i);
                }
              }
            },
            n),
        new Output(
            "image_sizes",
            "INT64",
            json -> {
              for (ImageResult each : results) {
                json.writeNumber(each.width());
                json.writeNumber(each.height());
              }
            },
            results.size(),
            2));
  }

  /** Writes the metadata of a model, as its clients ask for it. */
  public static void writeMetadata(JsonGenerator json, ServedModel model) throws IOException {
    json.writeStartObject();
    json.writeStringField("name", model.name());
    json.writeArrayFieldStart("versions");
    json.writeString(ServedModel.VERSION);
    json.writeEndArray();
    json.writeStringField("platform", "detr4j_" + model.detector().backend().kind().id());
    json.writeArrayFieldStart("inputs");
    writeTensor(json, "image", "BYTES", "-1");
    json.writeEndArray();
    json.writeArrayFieldStart("outputs");
    for (String[] each : OUTPUTS) {
      writeTensor(json, each[0], each[1], Arrays.copyOfRange(each, 2, each.length));
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void writeTensor(JsonGenerator json, String name, String datatype, String... shape)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("name", name);
    json.writeStringField("datatype", datatype);
    json.writeArrayFieldStart("shape");
    for (String each : shape) {
      json.writeNumber(Integer.parseInt(each));
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
