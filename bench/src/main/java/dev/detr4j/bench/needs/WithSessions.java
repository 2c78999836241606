package dev.detr4j.bench.needs;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.ImageView;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** The needs with sessions, as before there was {@link Detector#detect}. */
final class WithSessions {
  private WithSessions() {}

  static void onePhoto(Path model, Path photo) {
    try (Detector detector = Detector.builder(model).build();
        DetectorSession session = detector.newSession()) {
      Detections found = session.newDetections();
      session.detect(new ImageDecoder(detector.orientation(), 1 << 28).decode(photo), found);
      for (int i = 0; i < found.size(); i++) {
        System.out.printf("%s %.3f at ", found.label(i), found.score(i));
        System.out.printf("(%.1f, %.1f) to ", found.xMin(i), found.yMin(i));
        System.out.printf("(%.1f, %.1f)%n", found.xMax(i), found.yMax(i));
      }
    }
  }

  static String service(
      BlockingQueue<DetectorSession> free, ExecutorService platformThreads, byte[] request)
      throws InterruptedException, ExecutionException {
    DetectorSession session = free.take();
    try {
      return platformThreads
          .submit(() -> {
            Detections found = session.newDetections();
            session.detect(new ImageDecoder().decode(request, "request"), found);
            return json(found);
          })
          .get();
    } finally {
      free.add(session);
    }
  }

  static List<Future<Detections>> batch(
      BlockingQueue<DetectorSession> free, ExecutorService callers, List<Path> photos) {
    return photos.stream()
        .map(photo ->
            callers.submit(() -> {
              DetectorSession session = free.take();
              try {
                Detections found = session.newDetections();
                session.detect(new ImageDecoder().decode(photo), found);
                return found;
              } finally {
                free.add(session);
              }
            }))
        .toList();
  }

  static Detections cameraFrame(DetectorSession session, byte[] bgr, int width, int height) {
    byte[] rgb = new byte[bgr.length];
    for (int i = 0; i < bgr.length; i += 3) {
      rgb[i] = bgr[i + 2];
      rgb[i + 1] = bgr[i + 1];
      rgb[i + 2] = bgr[i];
    }
    Detections found = session.newDetections();
    session.detect(ImageView.rgb(rgb, width, height), found);
    return found;
  }

  /** Gives up waiting; the call itself runs on. */
  static Detections deadline(DetectorSession session, ExecutorService callers, Path photo)
      throws InterruptedException, ExecutionException {
    Detections found = session.newDetections();
    Future<?> call = callers.submit(() -> session.detect(new ImageDecoder().decode(photo), found));
    try {
      call.get(2, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new CancellationException("not within 2 s");
    }
    return found;
  }

  private static String json(Detections found) {
    StringBuilder json = new StringBuilder("[");
    for (int i = 0; i < found.size(); i++) {
      json.append(i == 0 ? "" : ",");
      json.append("{\"label\":\"").append(found.label(i)).append('"');
      json.append(",\"score\":").append(found.score(i));
      json.append(",\"box\":{\"x_min\":").append(found.xMin(i));
      json.append(",\"y_min\":").append(found.yMin(i));
      json.append(",\"x_max\":").append(found.xMax(i));
      json.append(",\"y_max\":").append(found.yMax(i)).append("}}");
    }
    return json.append(']').toString();
  }
}
