package dev.detr4j.examples;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.error.Detr4jException;
import dev.detr4j.image.ImageDecoder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Counts the objects on several photos in two threads: {@code CountInParallel MODEL PHOTO...}. */
public final class CountInParallel {
  private CountInParallel() {}

  /** Prints one line per photo. An error is one line and exit code 1. */
  public static void main(String[] arguments) throws InterruptedException {
    if (arguments.length < 2) {
      System.err.println("usage: CountInParallel MODEL PHOTO...");
      System.exit(2);
    }
    List<Path> paths = List.of(arguments).stream().map(Path::of).toList();
    try {
      count(paths.getFirst(), paths.subList(1, paths.size()));
    } catch (Detr4jException | ExecutionException e) {
      Throwable mistake = e.getCause() instanceof Detr4jException cause ? cause : e;
      System.err.println(mistake.getMessage());
      System.exit(1);
    }
  }

  // The package description of dev.detr4j shows the body of this method; ReadmeTest compares them.
  static void count(Path model, List<Path> photos) throws InterruptedException, ExecutionException {
    try (Detector detector = Detector.builder(model).build();
        ExecutorService callers = Executors.newFixedThreadPool(2)) {
      ThreadLocal<DetectorSession> session = ThreadLocal.withInitial(detector::newSession);
      List<Future<Integer>> counts = new ArrayList<>();
      for (Path photo : photos) {
        counts.add(
            callers.submit(() -> {
              Detections found = session.get().newDetections();
              session.get().detect(new ImageDecoder().decode(photo), found);
              return found.size();
            }));
      }
      for (int i = 0; i < photos.size(); i++) {
        System.out.printf("%s: %d objects%n", photos.get(i), counts.get(i).get());
      }
    }
  }
}
