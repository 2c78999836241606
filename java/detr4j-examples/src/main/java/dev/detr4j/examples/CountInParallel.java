package dev.detr4j.examples;

import dev.detr4j.Detection;
import dev.detr4j.Detector;
import dev.detr4j.error.Detr4jException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Counts the objects on any number of photos: {@code CountInParallel MODEL PHOTO...}. */
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

  // docs/embedding.md and the package description of dev.detr4j show the body of this method;
  // ReadmeTest compares them.
  static void count(Path model, List<Path> photos) throws InterruptedException, ExecutionException {
    try (Detector detector = Detector.builder(model).build();
        ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<List<Detection>>> found = new ArrayList<>();
      for (Path photo : photos) {
        found.add(callers.submit(() -> detector.detect(photo)));
      }
      for (int i = 0; i < photos.size(); i++) {
        System.out.printf("%s: %d objects%n", photos.get(i), found.get(i).get().size());
      }
    }
  }
}
