package dev.detr4j.train.augment;

import dev.detr4j.image.ImageView;
import dev.detr4j.image.PixelSize;
import dev.detr4j.image.ResamplingRule;
import dev.detr4j.train.data.TrainingImage;
import dev.detr4j.train.random.CounterRandom;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * For models that see every picture in one size: flipped, zoomed by 0.7 to 1.5, moved, in other
 * light; sometimes four pictures in one. What a zoom leaves open has one colour. A box of which
 * less than 0.35 is visible is dropped.
 *
 * @param flips whether left and right may be turned round: not for writing
 * @param mosaic the share of pictures that are made of four
 */
public record FixedAugmentation(
    PixelSize size, ResamplingRule resampling, boolean flips, double mosaic)
    implements Augmentation {
  private static final double LEAST_VISIBLE = 0.35;
  private static final double LEAST_ZOOM = 0.7;
  private static final double MOST_ZOOM = 1.5;
  private static final double MOST_STRETCH = 1.15;

  @Override
  public Scene make(ImageSource source, int index, CounterRandom random, Arena arena) {
    int width = size.width();
    int height = size.height();
    Scene canvas =
        Scene.canvas(
            width,
            height,
            random.wholeBetween(0, 255),
            random.wholeBetween(0, 255),
            random.wholeBetween(0, 255),
            arena);
    if (random.chance(mosaic)) {
      int splitX = (int) (width * random.between(0.35, 0.65));
      int splitY = (int) (height * random.between(0.35, 0.65));
      for (int part = 0; part < 4; part++) {
        int which = part == 0 ? index : random.wholeBetween(0, source.size() - 1);
        int x = part % 2 == 0 ? 0 : splitX;
        int y = part < 2 ? 0 : splitY;
        place(
            source.load(which, arena),
            canvas,
            x,
            y,
            part % 2 == 0 ? splitX : width - splitX,
            part < 2 ? splitY : height - splitY,
            random,
            arena);
      }
    } else {
      place(source.load(index, arena), canvas, 0, 0, width, height, random, arena);
    }
    if (random.chance(0.5)) {
      canvas.recolour(Recolouring.table(random));
    }
    return canvas;
  }

  @Override
  public PixelSize largest(List<TrainingImage> images) {
    return size;
  }

  /** Draws a picture into a window of the canvas, squeezed to its shape, zoomed and moved. */
  private void place(
      Scene scene,
      Scene canvas,
      int windowX,
      int windowY,
      int windowWidth,
      int windowHeight,
      CounterRandom random,
      Arena arena) {
    boolean turned = random.chance(0.5) && flips;
    if (turned) {
      scene.boxes().flip(scene.width());
    }
    double zoom = LEAST_ZOOM * StrictMath.pow(MOST_ZOOM / LEAST_ZOOM, random.nextDouble());
    double stretch = StrictMath.pow(MOST_STRETCH, random.between(-1, 1));
    double scaleX = zoom * stretch * windowWidth / scene.width();
    double scaleY = zoom / stretch * windowHeight / scene.height();
    double roomX = windowWidth - scaleX * scene.width();
    double roomY = windowHeight - scaleY * scene.height();
    double shiftX = windowX + roomX * random.nextDouble();
    double shiftY = windowY + roomY * random.nextDouble();

    // The whole pixels of the picture that the window shows, and where they come to lie in it.
    int left = Math.clamp((int) Math.floor((windowX - shiftX) / scaleX), 0, scene.width() - 1);
    int top = Math.clamp((int) Math.floor((windowY - shiftY) / scaleY), 0, scene.height() - 1);
    int right =
        Math.clamp(
            (int) Math.ceil((windowX + windowWidth - shiftX) / scaleX), left + 1, scene.width());
    int bottom =
        Math.clamp(
            (int) Math.ceil((windowY + windowHeight - shiftY) / scaleY), top + 1, scene.height());
    int toX =
        Math.clamp((int) Math.rint(left * scaleX + shiftX), windowX, windowX + windowWidth - 1);
    int toY =
        Math.clamp((int) Math.rint(top * scaleY + shiftY), windowY, windowY + windowHeight - 1);
    int endX = Math.clamp((int) Math.rint(right * scaleX + shiftX), toX + 1, windowX + windowWidth);
    int endY =
        Math.clamp((int) Math.rint(bottom * scaleY + shiftY), toY + 1, windowY + windowHeight);
    // What is drawn is mirrored, not the whole picture, of which it may be a small part.
    int from = turned ? scene.width() - right : left;
    ImageView shown = Scene.part(scene.pixels(), top, from, bottom - top, right - left);
    PixelSize drawn = new PixelSize(endX - toX, endY - toY);
    boolean same = shown.width() == drawn.width() && shown.height() == drawn.height();
    ImageView small = same ? shown : Scene.resized(shown, drawn, resampling, arena);
    canvas.paste(turned ? Scene.mirrored(small, arena) : small, toX, toY);

    // Boxes follow the pixels that were drawn, not the plan, which they miss by a part of a pixel.
    double exactX = (double) drawn.width() / shown.width();
    double exactY = (double) drawn.height() / shown.height();
    scene
        .boxes()
        .place(
            exactX,
            exactY,
            toX - left * exactX,
            toY - top * exactY,
            toX,
            toY,
            drawn.width(),
            drawn.height(),
            LEAST_VISIBLE);
    canvas.boxes().add(scene.boxes());
  }
}
