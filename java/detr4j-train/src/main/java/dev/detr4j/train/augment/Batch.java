package dev.detr4j.train.augment;

import dev.detr4j.image.Normalisation;
import dev.detr4j.image.PixelSize;
import dev.detr4j.train.match.Targets;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The pictures of an optimizer step with what is on them. Holds pixels as bytes; the network's
 * values are written one image at a time, so that a batch needs no memory of its own for them.
 *
 * @param names of the images, for messages
 * @param scenes changed to the size of the network's input
 * @param canvas the padded size: the largest width and the largest height
 */
public record Batch(List<String> names, List<Scene> scenes, PixelSize canvas) {
  /** Copies the lists. */
  public Batch {
    names = List.copyOf(names);
    scenes = List.copyOf(scenes);
  }

  /** Puts pictures together. */
  static Batch of(List<String> names, List<Scene> scenes) {
    int width = 0;
    int height = 0;
    for (Scene scene : scenes) {
      width = Math.max(width, scene.width());
      height = Math.max(height, scene.height());
    }
    return new Batch(names, scenes, new PixelSize(width, height));
  }

  /** How many images there are. */
  public int size() {
    return scenes.size();
  }

  /** The size of an image without its padding. */
  public PixelSize valid(int image) {
    return new PixelSize(scenes.get(image).width(), scenes.get(image).height());
  }

  /** What is on the images, as fractions of their unpadded sizes. */
  public List<Targets> targets() {
    return scenes.stream().map(Scene::targets).toList();
  }

  /**
   * Writes the network's input of one image: normalised, then padded right and below with zeros.
   *
   * @param target fp32 {@code [canvas.height, canvas.width, 3]}
   */
  public void write(int image, Normalisation normalisation, MemorySegment target) {
    Scene scene = scenes.get(image);
    MemorySegment rgb = scene.pixels().pixels();
    if (scene.pixels().rowStride() != 3L * scene.width()) {
      throw new IllegalStateException("the pixels of a batch are packed");
    }
    normalisation.apply(rgb, valid(image), canvas, target);
  }
}
