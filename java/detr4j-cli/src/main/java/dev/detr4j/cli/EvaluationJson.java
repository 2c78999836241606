package dev.detr4j.cli;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import dev.detr4j.evaluation.Annotations;
import dev.detr4j.evaluation.BoxEvaluation;
import dev.detr4j.evaluation.Category;
import dev.detr4j.evaluation.CocoStats;
import dev.detr4j.evaluation.Mistakes;
import java.io.IOException;
import java.io.Writer;
import java.util.List;
import java.util.Locale;

/**
 * COCO's numbers for programs: {@code {stats: {AP, ...}, per_iou_AP: {0.50, ...}, per_category:
 * [{id, name, AP, ...}], best_F1: {score, precision, recall}, mistakes: {...}}}, with all digits
 * and -1 where nothing of the kind is annotated.
 */
final class EvaluationJson {
  private EvaluationJson() {}

  /** Writes and flushes; {@code out} stays open. */
  static void write(
      Annotations annotations, BoxEvaluation evaluation, Mistakes mistakes, Writer out)
      throws IOException {
    JsonGenerator json = new JsonFactory().createGenerator(out);
    json.disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET);
    json.setPrettyPrinter(new DefaultPrettyPrinter());
    json.writeStartObject();
    json.writeObjectFieldStart("stats");
    stats(json, evaluation.stats());
    json.writeEndObject();
    json.writeObjectFieldStart("per_iou_AP");
    for (int t = 0; t < BoxEvaluation.THRESHOLDS; t++) {
      json.writeNumberField(
          String.format(Locale.ROOT, "%.2f", BoxEvaluation.threshold(t)),
          evaluation.averagePrecision(t));
    }
    json.writeEndObject();
    json.writeArrayFieldStart("per_category");
    for (int c = 0; c < annotations.categories().size(); c++) {
      Category category = annotations.categories().get(c);
      json.writeStartObject();
      json.writeFieldName("id");
      json.writeRawValue(category.id().json());
      json.writeStringField("name", category.name());
      stats(json, evaluation.category(c));
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeObjectFieldStart("best_F1");
    json.writeNumberField("score", mistakes.best().score());
    json.writeNumberField("precision", mistakes.best().precision());
    json.writeNumberField("recall", mistakes.best().recall());
    json.writeEndObject();
    json.writeObjectFieldStart("mistakes");
    json.writeNumberField("missed", mistakes.missed());
    for (Mistakes.Kind kind : Mistakes.Kind.values()) {
      json.writeNumberField(kind.words().replace(' ', '_'), mistakes.wrong(kind));
    }
    json.writeEndObject();
    json.writeEndObject();
    json.writeRaw('\n');
    json.flush();
  }

  private static void stats(JsonGenerator json, CocoStats stats) throws IOException {
    List<Double> values = stats.values();
    for (int i = 0; i < values.size(); i++) {
      json.writeNumberField(CocoStats.NAMES.get(i), values.get(i));
    }
  }
}
