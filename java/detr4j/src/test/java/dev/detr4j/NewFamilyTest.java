package dev.detr4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.detr4j.backend.BackendKind;
import dev.detr4j.checkpoint.SafetensorsWriter;
import dev.detr4j.checkpoint.StoredType;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.ModelConfigException;
import dev.detr4j.image.ImageView;
import dev.detr4j.model.ModelFamilies;
import dev.detr4j.tensor.Shape;
import dev.detr4j.toy.ToyFamily;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A new family is a folder ({@code dev.detr4j.toy}) and one line: {@link #WITH_TOY}. */
class NewFamilyTest {
  private static final ModelFamilies WITH_TOY = ModelFamilies.ALL.with(ToyFamily.TOY);

  private static final int WIDTH = 8;
  private static final int QUERIES = 5;

  @TempDir private Path folder;

  @Test
  void detectsWithAConfiguration() throws IOException {
    Files.writeString(
        folder.resolve("config.json"),
        """
        {"model_type": "toy_detr", "num_queries": 5, "patch_width": 8, "id2label": {"0": "cat", "1": "dog"}}
        """);
    write(
        folder.resolve("model.safetensors"),
        name -> name.replace("backbone.", "model.backbone.model."));
    assertDetects(folder, "cat", "dog");
    String refusal =
        assertThrows(
                ModelConfigException.class,
                () -> builder(folder).families(ModelFamilies.ALL).build())
            .getMessage();
    assertTrue(
        refusal.startsWith("config.json: model_type is \"toy_detr\", supported are detr, "),
        refusal);
    assertTrue(refusal.endsWith(" and " + ModelFamilies.ALL.list().getLast().modelType()), refusal);
  }

  @Test
  void detectsWithoutAConfiguration() throws IOException {
    Path file = folder.resolve("toy.safetensors");
    write(file, name -> name.replace("backbone.", "toy."));
    assertDetects(file, "LABEL_0", "LABEL_1");
    assertThrows(
        CheckpointException.class, () -> builder(file).families(ModelFamilies.ALL).build());
  }

  private static DetectorBuilder builder(Path model) {
    return Detector.builder(model).backend(BackendKind.REFERENCE).threads(1).families(WITH_TOY);
  }

  private static void assertDetects(Path model, String... labels) {
    try (Detector detector = builder(model).build();
        DetectorSession session = detector.newSession()) {
      assertEquals("Toy DETR", detector.model().architecture());
      assertEquals("patches", detector.model().backbone());
      assertEquals(List.of(labels), detector.labels());
      Detections found = session.newDetections();
      session.detect(ImageView.rgb(new byte[3 * 64 * 48], 64, 48), found, 0.01f);
      // Sigmoid scores of logits near zero: every query with every class.
      assertEquals(QUERIES * labels.length, found.size());
      for (int i = 0; i < found.size(); i++) {
        assertTrue(found.score(i) > 0.2f && found.score(i) < 0.8f);
        assertTrue(found.xMin(i) < found.xMax(i) && found.yMin(i) < found.yMax(i));
      }
    }
  }

  private static void write(Path file, UnaryOperator<String> names) throws IOException {
    List<Tensor> tensors = new ArrayList<>();
    affine(tensors, names.apply("backbone.patches"), WIDTH, 3, 16, 16);
    tensors.add(new Tensor("model.query_position_embeddings.weight", Shape.of(QUERIES, WIDTH)));
    for (String projection : List.of("q_proj", "k_proj", "v_proj", "o_proj")) {
      affine(tensors, "model.attention." + projection, WIDTH, WIDTH);
    }
    affine(tensors, "class_head", 2, WIDTH);
    affine(tensors, "box_head.layers.0", WIDTH, WIDTH);
    affine(tensors, "box_head.layers.1", WIDTH, WIDTH);
    affine(tensors, "box_head.layers.2", 4, WIDTH);
    SafetensorsWriter.write(file, tensors);
  }

  private static void affine(List<Tensor> tensors, String name, int... extents) {
    tensors.add(new Tensor(name + ".weight", Shape.of(extents)));
    tensors.add(new Tensor(name + ".bias", Shape.of(extents[0])));
  }

  private record Tensor(String name, Shape shape) implements SafetensorsWriter.Entry {
    @Override
    public StoredType type() {
      return StoredType.F32;
    }

    @Override
    public MemorySegment bytes(Arena arena) {
      MemorySegment values = arena.allocate(4 * shape.elements(), 64);
      for (long i = 0; i < shape.elements(); i++) {
        values.setAtIndex(ValueLayout.JAVA_FLOAT, i, 0.01f * (i % 7 - 3));
      }
      return values;
    }
  }
}
