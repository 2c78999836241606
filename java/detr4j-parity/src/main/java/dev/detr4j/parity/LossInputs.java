package dev.detr4j.parity;

import dev.detr4j.json.JsonObject;
import dev.detr4j.train.loss.LayerOutput;
import dev.detr4j.train.loss.LayerOutput.Stage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Logits and boxes of all layers of a stored case, with memory for their gradients: {@code [layers,
 * images, queries, ...]}, and those of the proposals where there are any.
 *
 * @param layers the last one first, the others rising, the proposals at the end, as the originals
 *     list their losses
 * @param logitGradients of all decoder layers, in the order of the stored tensor
 * @param boxGradients the same
 */
record LossInputs(
    List<LayerOutput> layers,
    int images,
    int queries,
    MemorySegment logitGradients,
    MemorySegment boxGradients) {
  private static final int MOST = 1 << 20;

  static LossInputs of(JsonObject inputs, long seed, Arena arena) {
    List<Integer> shape = inputs.object("logits").integers("shape", 0, MOST);
    if (shape.size() != 4) {
      throw inputs.wrong("logits is " + shape + ", expected [layers, images, queries, classes]");
    }
    int count = shape.get(0);
    int images = shape.get(1);
    int queries = shape.get(2);
    int classes = shape.get(3);
    MemorySegment logits = segment(arena, DescribedTensor.values(inputs.object("logits"), seed));
    MemorySegment boxes = segment(arena, DescribedTensor.boxes(inputs, "", seed));
    if (boxes.byteSize() != 16L * count * images * queries) {
      throw inputs.wrong("there are not as many boxes as rows of logits");
    }
    MemorySegment logitGradients = arena.allocate(logits.byteSize());
    MemorySegment boxGradients = arena.allocate(boxes.byteSize());
    List<LayerOutput> layers = new ArrayList<>();
    for (int i = count - 1; i >= 0; i--) {
      int layer = i == count - 1 ? i : count - 2 - i;
      layers.add(
          new LayerOutput(
              i == count - 1 ? Stage.LAST : Stage.auxiliary(layer),
              images,
              queries,
              classes,
              part(logits, layer, count),
              part(boxes, layer, count),
              part(logitGradients, layer, count),
              part(boxGradients, layer, count)));
    }
    if (inputs.has("encoder_logits")) {
      layers.add(proposals(inputs, seed, images, classes, arena));
    }
    return new LossInputs(layers, images, queries, logitGradients, boxGradients);
  }

  private static LayerOutput proposals(
      JsonObject inputs, long seed, int images, int classes, Arena arena) {
    JsonObject logits = inputs.object("encoder_logits");
    MemorySegment scores = segment(arena, DescribedTensor.values(logits, seed));
    MemorySegment places = segment(arena, DescribedTensor.boxes(inputs, "encoder_", seed));
    return new LayerOutput(
        Stage.ENCODER,
        images,
        DescribedTensor.shape(logits).get(1),
        classes,
        scores,
        places,
        arena.allocate(scores.byteSize()),
        arena.allocate(places.byteSize()));
  }

  /** One image of every layer: a view of the same memory. */
  List<LayerOutput> image(int i) {
    return layers.stream()
        .map(layer ->
            new LayerOutput(
                layer.stage(),
                1,
                layer.queries(),
                layer.classes(),
                part(layer.logits(), i, images),
                part(layer.boxes(), i, images),
                part(layer.logitGradient(), i, images),
                part(layer.boxGradient(), i, images)))
        .toList();
  }

  private static MemorySegment segment(Arena arena, float[] values) {
    return arena.allocateFrom(ValueLayout.JAVA_FLOAT, values);
  }

  private static MemorySegment part(MemorySegment all, int index, int count) {
    long bytes = all.byteSize() / count;
    return all.asSlice(index * bytes, bytes);
  }
}
