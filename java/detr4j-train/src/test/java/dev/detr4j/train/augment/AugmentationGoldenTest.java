package dev.detr4j.train.augment;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.image.ImageView;
import dev.detr4j.image.PixelSize;
import dev.detr4j.json.JsonObject;
import dev.detr4j.train.data.LabelledBox;
import dev.detr4j.train.data.TrainingImage;
import dev.detr4j.train.golden.Golden;
import dev.detr4j.train.match.Targets;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/**
 * Boxes through the transforms of facebookresearch/detr, which are float32: equal to the last bit.
 * Boxes of transformers' image processor, which divides by the padded size where a batch is padded
 * (ours do not): equal to 2e-7, two roundings of numbers up to 1.
 */
class AugmentationGoldenTest {
  private static TrainingImage image(int width, int height, List<JsonObject> annotations) {
    List<LabelledBox> boxes = new ArrayList<>();
    for (JsonObject each : annotations) {
      List<Double> box = each.numbers("bbox");
      boxes.add(
          new LabelledBox(
              each.integer("category_id", 0, 1000),
              box.get(0),
              box.get(1),
              box.get(2),
              box.get(3),
              each.number("area"),
              each.integer("iscrowd", 0, 0, 1) == 1,
              ""));
    }
    return new TrainingImage("", Path.of(""), width, height, false, boxes);
  }

  private static Step step(JsonObject step) {
    return switch (step.string("do")) {
      case "flip" -> new Step.Flip();
      case "resize" ->
          new Step.Resize(step.integer("size", 1, 2000), step.integer("longest", 0, 0, 2000));
      default -> {
        List<Integer> region = step.integers("region", 0, 5000);
        yield new Step.Crop(region.get(0), region.get(1), region.get(2), region.get(3));
      }
    };
  }

  @Test
  void transformsAreTheOriginals() {
    Map<List<Integer>, List<JsonObject>> annotations = new HashMap<>();
    int compared = 0;
    for (JsonObject each : Golden.json("data/transforms.json").objects("cases")) {
      List<Integer> size = each.integers("image_size", 1, 5000);
      if (each.has("annotations")) {
        annotations.put(size, each.objects("annotations"));
      }
      int width = size.get(0);
      int height = size.get(1);
      try (Arena arena = Arena.ofConfined()) {
        ImageView grey = ImageView.rgb(arena.allocate(3L * width * height), width, height);
        Scene scene = Scene.of(grey, image(width, height, annotations.get(size)), arena);
        each.objects("steps").forEach(step -> step(step).apply(scene));
        JsonObject result = each.object("result");
        assertEquals(
            result.integers("height_width", 1, 5000), List.of(scene.height(), scene.width()));
        Targets targets = scene.targets();
        List<Integer> labels = result.integers("labels", 0, 1000);
        assertEquals(labels.size(), targets.count());
        for (int i = 0; i < labels.size(); i++) {
          assertEquals(labels.get(i), targets.labels()[i]);
          assertEquals(result.numbers("area").get(i).floatValue(), scene.boxes().area(i));
          for (int part = 0; part < 4; part++) {
            assertEquals(
                result.numberLists("boxes").get(i).get(part).floatValue(),
                targets.boxes()[4 * i + part],
                each.object("result").where() + " box " + i + " part " + part);
            compared++;
          }
        }
      }
    }
    assertTrue(compared > 500, "compared " + compared);
  }

  @Test
  void sizesAreTheOriginals() {
    for (List<Integer> row : rows()) {
      PixelSize size = new Step.Resize(row.get(2), row.get(3)).target(row.get(0), row.get(1));
      assertEquals(new PixelSize(row.get(5), row.get(4)), size, row.toString());
    }
  }

  private static List<List<Integer>> rows() {
    // "longest" is null where there is no limit, which lists of integers do not hold.
    JsonObject sizes = Golden.json("data/sizes.json");
    List<List<Integer>> rows = new ArrayList<>();
    for (Object row : (List<?>) sizes.value("rows").orElseThrow()) {
      List<Integer> numbers = new ArrayList<>();
      for (Object value : (List<?>) row) {
        numbers.add(value instanceof Number number ? number.intValue() : 0);
      }
      rows.add(numbers);
    }
    assertEquals(120, rows.size());
    return rows;
  }

  @Test
  void boxesAreTheImageProcessorsWithoutPadding() {
    JsonObject golden = Golden.json("data/processor.json");
    List<JsonObject> annotated = golden.objects("annotations");
    int compared = 0;
    for (JsonObject each : golden.objects("cases")) {
      if (!each.object("options").bool("do_convert_annotations", true)) {
        continue;
      }
      List<JsonObject> labels = each.objects("labels");
      for (int i = 0; i < labels.size(); i++) {
        JsonObject expected = labels.get(i);
        List<Integer> original = expected.integers("orig_size", 1, 1000);
        List<Integer> padded = expected.integers("size", 1, 1000);
        List<Integer> valid = each.integerLists("valid_hw").get(i);
        TrainingImage image =
            image(original.get(1), original.get(0), annotated.get(i).objects("annotations"));
        SceneBoxes boxes = SceneBoxes.of(image);
        boxes.resize(original.get(1), original.get(0), valid.get(1), valid.get(0));
        Targets targets = boxes.targets(valid.get(1), valid.get(0));
        assertEquals(
            expected.integers("class_labels", 0, 1000),
            Arrays.stream(targets.labels()).boxed().toList());
        for (int k = 0; k < targets.count(); k++) {
          for (int part = 0; part < 4; part++) {
            int axis = part % 2 == 0 ? 1 : 0;
            double share = (double) valid.get(axis) / padded.get(axis);
            double want = expected.numberLists("boxes").get(k).get(part);
            assertEquals(want, targets.boxes()[4 * k + part] * share, 2e-7);
            compared++;
          }
        }
      }
    }
    assertTrue(compared > 100, "compared " + compared);
  }
}
