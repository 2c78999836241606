package dev.detr4j;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.event.PlanBuiltEvent;
import dev.detr4j.event.Recorder;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.PixelValues;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.model.graph.Graph;
import dev.detr4j.model.graph.ModelInput;
import dev.detr4j.op.LevelShape;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.plan.Planner;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The plan for one batch of resized extents, and for each image of it the ways from source sizes to
 * its place.
 */
final class PlannedBatch implements AutoCloseable {
  /** Source sizes of one place that are kept; each holds a copy of its pixels on the device. */
  private static final int CACHED_SOURCES = 4;

  private final Backend backend;
  private final Detector detector;
  private final PixelSize canvas;
  private final List<PixelSize> sizes;
  private final ExecutionPlan plan;
  private final List<SizeCache<PlannedImage>> places = new ArrayList<>();

  PlannedBatch(Detector detector, PixelSize canvas, List<PixelSize> sizes) {
    this(detector, canvas, sizes, Set.of());
  }

  /** As above, with stages that the plan keeps for the caller beside the network's outputs. */
  PlannedBatch(Detector detector, PixelSize canvas, List<PixelSize> sizes, Set<String> stages) {
    this.detector = detector;
    this.backend = detector.device();
    this.canvas = canvas;
    this.sizes = List.copyOf(sizes);
    PlanBuiltEvent event = Recorder.planning();
    List<LevelShape> valid = new ArrayList<>();
    for (PixelSize size : sizes) {
      valid.add(new LevelShape(size.height(), size.width()));
      places.add(new SizeCache<>(CACHED_SOURCES));
    }
    ModelInput input = new ModelInput(canvas.height(), canvas.width(), valid);
    Graph graph = detector.network().graph(input);
    Set<String> taps = new LinkedHashSet<>(stages);
    taps.removeAll(graph.outputs().keySet());
    for (String tap : taps) {
      if (!graph.taps().containsKey(tap)) {
        throw new IllegalArgumentException(
            "unknown stage %s; this network has %s and %s"
                .formatted(tap, graph.taps().keySet(), graph.outputs().keySet()));
      }
    }
    plan = Planner.plan(graph, backend, taps);
    detector.planned();
    if (event != null) {
      event.built(sizes.size(), canvas.width(), canvas.height(), plan.nodes().size(), plan.bytes());
    }
  }

  ExecutionPlan plan() {
    return plan;
  }

  /** The extent that all images of the batch are padded to. */
  PixelSize canvas() {
    return canvas;
  }

  /** Whether the source sizes of these images are all known here; allocates nothing. */
  boolean fits(ImageView[] images) {
    if (images.length != places.size()) {
      return false;
    }
    for (int i = 0; i < images.length; i++) {
      SizeCache<PlannedImage> place = places.get(i);
      PlannedImage image = place.first();
      while (image != null && !image.fits(images[i])) {
        image = place.next();
      }
      if (image == null) {
        return false;
      }
    }
    return true;
  }

  /** Whether the plan is for these extents. */
  boolean fits(PixelSize otherCanvas, List<PixelSize> otherSizes) {
    return canvas.equals(otherCanvas) && sizes.equals(otherSizes);
  }

  /** Whether the plan is for one input of this size, all of it image; allocates nothing. */
  boolean fits(int width, int height) {
    return places.size() == 1
        && canvas.width() == width
        && canvas.height() == height
        && sizes.getFirst().equals(canvas);
  }

  /** Copies the one input. */
  void load(PixelValues input) {
    TensorView place = plan.input(DetectionModel.PIXEL_VALUES);
    backend.upload(input.values(), 0, place.buffer(), place.offset(), place.spanBytes());
  }

  /** Resizes and normalises an image into its place of the input. */
  void load(int index, ImageView image) {
    load(index, image, null);
  }

  /**
   * As above, for a profile.
   *
   * @param nanoseconds the time of the resize is added to its first entry
   * @return the resize
   */
  BoundNode load(int index, ImageView image, long @Nullable [] nanoseconds) {
    SizeCache<PlannedImage> place = places.get(index);
    PlannedImage known = place.first();
    while (known != null && !known.fits(image)) {
      known = place.next();
    }
    if (known == null) {
      place.makeRoom();
      known =
          new PlannedImage(
              backend, detector.preprocessing(), image, sizes.get(index), canvas, place(index));
      place.add(known);
    } else {
      place.useLast();
    }
    known.load(image, nanoseconds);
    return known.node();
  }

  private TensorView place(int index) {
    TensorView input = plan.input(DetectionModel.PIXEL_VALUES);
    return new TensorView(
        input.buffer(),
        input.offset() + index * input.batchStride() * input.type().bytes(),
        input.type(),
        Shape.of(1, canvas.height(), canvas.width(), 3),
        input.rowStride(),
        input.batchStride());
  }

  @Override
  public void close() {
    places.forEach(SizeCache::close);
    plan.close();
  }
}
