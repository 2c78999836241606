package dev.detr4j.session;

import dev.detr4j.backend.Backend;
import dev.detr4j.backend.BoundNode;
import dev.detr4j.backend.Queue;
import dev.detr4j.image.ImageView;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.PixelValues;
import dev.detr4j.image.Preprocessing;
import dev.detr4j.model.graph.DetectionModel;
import dev.detr4j.plan.ExecutionPlan;
import dev.detr4j.plan.GraphPlan;
import dev.detr4j.tensor.Buffer;
import dev.detr4j.tensor.ElementType;
import dev.detr4j.tensor.Shape;
import dev.detr4j.tensor.TensorView;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The plan for one batch of resized extents in one session, and for each image of it the ways from
 * source sizes to its place. Bound to the memory of the session, and again when that has been
 * replaced by a larger one: {@link #bind} begins each call.
 */
public final class PlannedBatch implements AutoCloseable {
  /** Source sizes of one place that are kept. */
  private static final int CACHED_SOURCES = 4;

  private final Backend backend;
  private final Queue queue;
  private final SessionMemory memory;
  private final Preprocessing preprocessing;
  private final SharedPlans.Key key;
  private final GraphPlan plan;
  private final Runnable release;
  private final boolean selects;
  private final List<SizeCache<PlannedImage>> images = new ArrayList<>();
  private final List<TensorView> places = new ArrayList<>();
  private @Nullable ExecutionPlan bound;

  /**
   * Not bound yet.
   *
   * @param release what becomes of the plan when this is closed
   */
  PlannedBatch(SessionParts session, SharedPlans.Key key, GraphPlan plan, Runnable release) {
    this.backend = session.shared().backend();
    this.queue = session.queue();
    this.memory = session.memory();
    this.preprocessing = session.shared().preprocessing();
    this.key = key;
    this.plan = plan;
    this.release = release;
    this.selects = session.shared().selection() != null;
    for (int i = 0; i < key.sizes().size(); i++) {
      images.add(new SizeCache<>(CACHED_SOURCES));
    }
  }

  /** The extent that all images of the batch are padded to. */
  public PixelSize canvas() {
    return key.canvas();
  }

  /** Whether the source sizes of these images are all known here; allocates nothing. */
  boolean fits(ImageView[] sources) {
    if (sources.length != images.size()) {
      return false;
    }
    for (int i = 0; i < sources.length; i++) {
      SizeCache<PlannedImage> place = images.get(i);
      PlannedImage image = place.first();
      while (image != null && !image.fits(sources[i])) {
        image = place.next();
      }
      if (image == null) {
        return false;
      }
    }
    return true;
  }

  /** Whether the plan is for these extents. */
  boolean fits(SharedPlans.Key other) {
    return key.equals(other);
  }

  /** Whether the plan is for one input of this size, all of it image; allocates nothing. */
  boolean fits(int width, int height) {
    PixelSize canvas = key.canvas();
    return images.size() == 1
        && canvas.width() == width
        && canvas.height() == height
        && key.sizes().getFirst().equals(canvas);
  }

  /** Binds the plan to the memory of the session, unless it is bound to that; returns it. */
  public ExecutionPlan bind() {
    Buffer slab = memory.slab(plan.slabBytes());
    ExecutionPlan known = bound;
    if (known == null || !known.slab().equals(slab)) {
      unbind();
      known = plan.bind(queue, slab);
      bound = known;
      TensorView input = known.input(DetectionModel.PIXEL_VALUES);
      for (int i = 0; i < images.size(); i++) {
        places.add(place(input, i));
      }
    }
    return known;
  }

  private void unbind() {
    places.clear();
    ExecutionPlan known = bound;
    bound = null;
    if (known != null) {
      known.close();
    }
  }

  private TensorView place(TensorView input, int index) {
    return new TensorView(
        input.buffer(),
        input.offset() + index * input.batchStride() * input.type().bytes(),
        input.type(),
        Shape.of(1, canvas().height(), canvas().width(), 3),
        input.rowStride(),
        input.batchStride());
  }

  /** What a step's first weight is packed in. */
  ElementType products(BoundNode step) {
    return backend.operandTypes(step.op()).products();
  }

  /** Copies the one input. */
  public void load(PixelValues input) {
    TensorView place = places.getFirst();
    loadExtent(0, input.imageWidth(), input.imageHeight());
    queue.upload(input.values(), 0, place.buffer(), place.offset(), place.spanBytes());
  }

  /** Resizes and normalises an image into its place of the input. */
  public void load(int index, ImageView image) {
    load(index, image, null);
  }

  /**
   * As above, for a profile.
   *
   * @param nanoseconds the time of the resize is added to its first entry
   * @return the resize
   */
  BoundNode load(int index, ImageView image, long @Nullable [] nanoseconds) {
    SizeCache<PlannedImage> sources = images.get(index);
    PlannedImage known = sources.first();
    while (known != null && !known.fits(image)) {
      known = sources.next();
    }
    if (known == null) {
      sources.makeRoom();
      known =
          new PlannedImage(
              backend,
              queue,
              preprocessing.op(
                  new PixelSize(image.width(), image.height()),
                  key.sizes().get(index),
                  key.canvas()));
      sources.add(known);
    } else {
      sources.useLast();
    }
    BoundNode node = known.bind(memory.pixels(known.pixelBytes()), places.get(index));
    known.load(image, memory.rgbRows(), nanoseconds);
    loadExtent(index, image.width(), image.height());
    return node;
  }

  /** Where the plan selects, it has to know the extent of the image ahead of its resize. */
  private void loadExtent(int index, int width, int height) {
    ExecutionPlan plan = bound;
    if (selects && plan != null) {
      TensorView extents = plan.input(SelectionNodes.EXTENTS);
      queue.upload(
          memory.extent(width, height),
          0,
          extents.buffer(),
          extents.offset() + index * extents.batchStride() * extents.type().bytes(),
          2L * Float.BYTES);
    }
  }

  @Override
  public void close() {
    images.forEach(SizeCache::close);
    unbind();
    release.run();
  }
}
