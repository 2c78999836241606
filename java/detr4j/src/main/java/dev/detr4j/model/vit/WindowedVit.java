package dev.detr4j.model.vit;

import dev.detr4j.error.ImageException;
import dev.detr4j.model.family.Backbone;
import dev.detr4j.model.graph.DerivedWeight;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.Value;
import dev.detr4j.model.layer.HostConstants;
import dev.detr4j.model.layer.Norm;
import dev.detr4j.model.layer.Parameters;
import dev.detr4j.op.Convolution;
import dev.detr4j.op.Gather;
import dev.detr4j.op.KernelWindow;
import dev.detr4j.op.WeightedOp;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.Weight;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A vision transformer whose tokens lie in the order of its windows from the first block on. A
 * block that attends inside of windows sees each as a batch item, one that attends to the whole map
 * sees all of them as one; both are views of the same memory.
 */
final class WindowedVit implements Backbone {
  private final VitConfig config;
  private final WeightedOp<Convolution> patches;
  private final Weight positions;
  private final @Nullable Weight classToken;
  private final List<VitBlock> blocks = new ArrayList<>();
  private final @Nullable Norm norm;

  /** Reads the blocks up to the last map that is taken. */
  WindowedVit(VitConfig config, Parameters parameters) {
    this.config = config;
    int channels = config.channels();
    Parameters embeddings = parameters.under("embeddings");
    Convolution cells =
        Convolution.of(3, channels, KernelWindow.square(config.patch()).withStride(config.patch()))
            .withBias();
    patches =
        embeddings
            .weighted(
                cells, "patch_embeddings.projection.weight", "patch_embeddings.projection.bias")
            .as(Convolution::withResidual);
    int stored = 1 + config.positions() * config.positions();
    positions = embeddings.tensor("position_embeddings", 1, stored, channels);
    classToken =
        config.hasClassToken()
            ? DerivedWeight.firstPosition(embeddings.tensor("cls_token", 1, 1, channels), positions)
            : null;
    for (int i = 0; i < config.taken().getLast(); i++) {
      blocks.add(
          new VitBlock(
              parameters.under("encoder").under("layer").under(i),
              config,
              config.global().contains(i)));
    }
    norm =
        config.form() == VitConfig.Form.DINO_V2
            ? new Norm(parameters, "layernorm", channels, config.epsilon())
            : null;
  }

  @Override
  public List<Value> add(Graph.Builder graph, Value image) {
    Shape map = map(image.shape());
    List<Value> places = new ArrayList<>();
    for (int i = 0; i < config.taken().size(); i++) {
      places.add(graph.joint("backbone." + i, ElementType.F32, map));
    }
    addInto(graph, image, places);
    return places;
  }

  /**
   * The shape of the maps for an image {@code [N, H, W, 3]}.
   *
   * @throws ImageException when windows do not divide the image
   */
  Shape map(Shape image) {
    int step = config.pixelsPerStep();
    int height = image.get(1);
    int width = image.get(2);
    if (height % step != 0 || width % step != 0) {
      throw new ImageException(
          "the input is %dx%d pixels, expected multiples of %d: %d windows on a side of cells of %d pixels"
              .formatted(width, height, step, config.windows(), config.patch()));
    }
    return Shape.of(
        image.get(0), height / config.patch(), width / config.patch(), config.channels());
  }

  /**
   * Adds the nodes, and the tap {@code embeddings}.
   *
   * @param places of the maps that are taken, {@code [N, h, w, channels]} each
   */
  void addInto(Graph.Builder graph, Value image, List<Value> places) {
    Shape map = map(image.shape());
    int batch = map.get(0);
    Windows windows =
        new Windows(map.get(1), map.get(2), config.windows(), config.hasClassToken() ? 1 : 0);
    Value embedded = embed(graph, image, map);
    Value x = graph.add("backbone.windows", new Gather(), embedded, windows.cut(graph, batch));
    graph.tap(
        "embeddings",
        config.hasClassToken() ? x.batched(batch * windows.count()) : embedded.reshaped(map));
    Value restored = windows.restored(graph, batch);
    int next = 0;
    for (int i = 0; i < blocks.size(); i++) {
      x = blocks.get(i).add(graph, "backbone.block." + i, x, windows.count());
      if (config.taken().get(next) == i + 1) {
        take(graph, "backbone." + next, x, restored, places.get(next));
        next++;
      }
    }
  }

  /** Cells {@code [N, h w, channels]}, behind the class token if there is one. */
  private Value embed(Graph.Builder graph, Value image, Shape map) {
    int batch = map.get(0);
    int cells = map.get(1) * map.get(2);
    int channels = config.channels();
    Weight code =
        DerivedWeight.resampledPositions(
            positions, map.get(1), map.get(2), config.form() == VitConfig.Form.DINO_V2);
    Value position = HostConstants.weight(graph, "positions", code, batch).reshaped(map);
    if (classToken == null) {
      return graph
          .add("backbone.patches", patches, image, position)
          .reshaped(Shape.of(batch, cells, channels));
    }
    Value tokens = graph.joint("tokens", ElementType.F32, Shape.of(batch, 1 + cells, channels));
    // Rows of the constant itself, so that they stand beside the cells: a copy.
    graph.addInto(
        "backbone.class_token",
        new Gather(),
        tokens.rowsFrom("class_token", 0, Shape.of(batch, 1, channels)),
        HostConstants.weight(graph, "class_token", classToken, batch),
        Windows.indices(graph, "class_token", new int[1], batch));
    graph.addInto(
        "backbone.patches",
        patches,
        tokens.rowsFrom("patches", 1, Shape.of(batch, cells, channels)).reshaped(map),
        image,
        position);
    return tokens;
  }

  private void take(Graph.Builder graph, String label, Value x, Value restored, Value place) {
    Shape map = place.shape();
    Value tokens = place.reshaped(Shape.of(map.get(0), map.get(1) * map.get(2), map.last()));
    if (norm == null) {
      graph.addInto(label, new Gather(), tokens, x, restored);
    } else {
      norm.addInto(graph, label + ".norm", tokens, graph.add(label, new Gather(), x, restored));
    }
    graph.tap(label, place);
  }
}
