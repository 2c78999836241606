package dev.detr4j.bench.needs;

import dev.detr4j.Detection;
import dev.detr4j.Detector;
import dev.detr4j.image.ImageView;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;

/** The needs with {@link Detector#detect}. */
final class WithDetr4j {
  private WithDetr4j() {}

  static void onePhoto(Path model, Path photo) {
    try (Detector detector = Detector.builder(model).build()) {
      detector.detect(photo).forEach(System.out::println);
    }
  }

  static String service(Detector detector, byte[] request) {
    return Detection.toJson(detector.detect(request));
  }

  static List<Future<List<Detection>>> batch(
      Detector detector, ExecutorService callers, List<Path> photos) {
    return photos.stream().map(photo -> callers.submit(() -> detector.detect(photo))).toList();
  }

  static List<Detection> cameraFrame(Detector detector, byte[] bgr, int width, int height) {
    return detector.detect(ImageView.bgr(bgr, width, height));
  }

  static List<Detection> deadline(Detector detector, Path photo) {
    return detector.call().timeout(Duration.ofSeconds(2)).detect(photo);
  }
}
