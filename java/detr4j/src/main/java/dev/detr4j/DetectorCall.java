package dev.detr4j;

import dev.detr4j.error.CallCancelledException;
import dev.detr4j.error.DeadlineExceededException;
import dev.detr4j.error.DetectorBusyException;
import dev.detr4j.error.ImageException;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.ImageView;
import dev.detr4j.session.CallLimits;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The settings of calls of {@link Detector#detect}: which detections they report, how long they may
 * take, and what cancels them.
 *
 * <pre>{@code
 * List<Detection> people =
 *     detector.call().threshold(0.7f).labels("person").timeout(Duration.ofMillis(500)).detect(photo);
 * }</pre>
 *
 * <p>Immutable and thread-safe: keep one and use it for many calls. Each call waits until one of
 * the detector's sessions is free, then decodes the image, runs the network and frees the pixels.
 * An image file has the EXIF orientation that the model's project gives it.
 *
 * <p>A call ends early when its time is over, when {@link #cancelWhen} says so or when the calling
 * thread is interrupted; a thread that was interrupted stays so. It notices while it waits and
 * between the steps of the network, within milliseconds, but neither while an image is decoded nor
 * during a step. Then it throws a {@link DeadlineExceededException} or a {@link
 * CallCancelledException}. It throws a {@link DetectorBusyException} when it gets no session, an
 * {@link ImageException} when the image is broken or too large, and an {@link
 * IllegalStateException} when the detector is closed.
 *
 * <p>Platform threads run their calls themselves. Calls of virtual threads run on platform threads
 * of the detector, because a call computes without a point where a virtual thread could yield.
 */
public final class DetectorCall {
  /** What a call decodes. */
  private interface Source {
    ImageView open(ImageDecoder decoder, Arena arena) throws IOException;
  }

  private final Detector detector;
  private final float threshold;
  private final @Nullable Set<String> labels;
  private final @Nullable Duration timeout;
  private final @Nullable BooleanSupplier cancelled;
  private final @Nullable Consumer<ImageView> onImage;

  DetectorCall(Detector detector) {
    this(detector, detector.threshold(), null, null, null, null);
  }

  private DetectorCall(
      Detector detector,
      float threshold,
      @Nullable Set<String> labels,
      @Nullable Duration timeout,
      @Nullable BooleanSupplier cancelled,
      @Nullable Consumer<ImageView> onImage) {
    this.detector = detector;
    this.threshold = threshold;
    this.labels = labels;
    this.timeout = timeout;
    this.cancelled = cancelled;
    this.onImage = onImage;
  }

  /**
   * Reports detections with a greater score than this, in place of the detector's threshold.
   *
   * @param score 0..1
   */
  public DetectorCall threshold(float score) {
    return new DetectorCall(
        detector, DetectorBuilder.checkedThreshold(score), labels, timeout, cancelled, onImage);
  }

  /**
   * Reports only detections of these classes.
   *
   * @param names at least one
   * @throws IllegalArgumentException when the model has no class of such a name
   */
  public DetectorCall labels(String... names) {
    if (names.length == 0) {
      throw new IllegalArgumentException("no class is named, expected at least one");
    }
    for (String name : names) {
      if (!detector.labels().contains(name) && !name.matches("LABEL_\\d+")) {
        throw new IllegalArgumentException(
            "the model has no class \"%s\"; its classes are %s".formatted(name, detector.labels()));
      }
    }
    return new DetectorCall(
        detector, threshold, Set.copyOf(List.of(names)), timeout, cancelled, onImage);
  }

  /** Gives a call this much time, from its beginning, waiting included. */
  public DetectorCall timeout(Duration atMost) {
    return new DetectorCall(detector, threshold, labels, atMost, cancelled, onImage);
  }

  /**
   * Ends a call soon after the condition has become true: {@code future::isCancelled}, for one.
   *
   * @param condition is asked often, on any thread; must be quick
   */
  public DetectorCall cancelWhen(BooleanSupplier condition) {
    return new DetectorCall(detector, threshold, labels, timeout, condition, onImage);
  }

  /**
   * Shows the image of each call, decoded and turned, before the network runs: its size, for one.
   *
   * @param viewer must not keep the image, whose memory is freed when the call ends; may be called
   *     on another thread than the caller's
   */
  public DetectorCall onImage(Consumer<ImageView> viewer) {
    return new DetectorCall(detector, threshold, labels, timeout, cancelled, viewer);
  }

  /** Detects in an image file of any file system. */
  public List<Detection> detect(Path file) {
    return run(limits(), (decoder, arena) -> decoder.decode(file, arena));
  }

  /** Detects in the bytes of an image file. */
  public List<Detection> detect(byte[] encoded) {
    return run(limits(), (decoder, arena) -> decoder.decode(encoded, "image", arena));
  }

  /**
   * Detects in what is left of a stream, an image file, and leaves the stream open. The stream is
   * read by the calling thread before the call waits for a session.
   */
  public List<Detection> detect(InputStream encoded) {
    CallLimits limits = limits();
    byte[] bytes = ImageDecoder.readAll(encoded, "image");
    return run(limits, (decoder, arena) -> decoder.decode(bytes, "image", arena));
  }

  /** Detects in a picture of AWT; see {@link ImageView#of(BufferedImage)}. */
  public List<Detection> detect(BufferedImage image) {
    return run(limits(), (decoder, arena) -> ImageView.of(image));
  }

  /** Detects in pixels in memory, which must not change meanwhile. */
  public List<Detection> detect(ImageView image) {
    return run(limits(), (decoder, arena) -> image);
  }

  /**
   * Detects in an image that is made when the call has got its session. Use it where pixels come
   * from elsewhere, such as an own decoder or a video, so that waiting calls hold none.
   */
  public List<Detection> detect(ImageLoader image) {
    return run(limits(), (decoder, arena) -> load(image));
  }

  private static ImageView load(ImageLoader image) throws IOException {
    return image.load();
  }

  private CallLimits limits() {
    return new CallLimits(timeout, cancelled);
  }

  private List<Detection> run(CallLimits limits, Source source) {
    return detector.calls().run(limits, (session, found) -> detect(session, found, limits, source));
  }

  private List<Detection> detect(
      DetectorSession session, Detections found, CallLimits limits, Source source) {
    try (Arena arena = Arena.ofConfined()) {
      limits.check();
      ImageView image = source.open(detector.decoder(), arena);
      if (onImage != null) {
        onImage.accept(image);
      }
      session.detect(image, found, threshold, limits);
      return labels == null ? found.toList() : found.toList(labels);
    } catch (IOException e) {
      throw new ImageException("the image cannot be loaded: " + e.getMessage(), e);
    } catch (ImageException e) {
      limits.check(); // an interrupted thread cannot read files: the image is not to blame
      throw e;
    }
  }
}
