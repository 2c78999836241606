package dev.detr4j.bench.latency;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorSession;
import dev.detr4j.bench.model.BenchmarkModel;
import dev.detr4j.image.ImageView;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Sessions of one detector of one thread, each called by a thread of its own for as long as it is
 * told. The child process of {@link CompareSessions}: reads milliseconds from standard input, a
 * line each time, and answers with the calls that all sessions made in a second.
 */
public final class SessionLoop {
  private SessionLoop() {}

  /** Arguments: model, backend, size of the picture, sessions. */
  public static void main(String[] arguments)
      throws IOException, InterruptedException, ExecutionException {
    try (BenchmarkModel model = BenchmarkModel.of(arguments[0])) {
      ImageView picture = BenchmarkModel.picture(arguments[2]);
      int sessions = Integer.parseInt(arguments[3]);
      BufferedReader commands =
          new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
      try (Detector detector = model.builder(arguments[1], 1).build();
          ExecutorService callers = Executors.newFixedThreadPool(sessions)) {
        List<DetectorSession> open = new ArrayList<>();
        for (int i = 0; i < sessions; i++) {
          DetectorSession session = detector.newSession();
          session.warmUp(picture.width(), picture.height(), Duration.ofSeconds(20));
          open.add(session);
        }
        System.out.println("ready");
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
          System.out.println(callsPerSecond(open, picture, Long.parseLong(line.strip()), callers));
        }
        open.forEach(DetectorSession::close);
      }
    }
  }

  static double callsPerSecond(
      List<DetectorSession> sessions, ImageView picture, long millis, ExecutorService callers)
      throws InterruptedException, ExecutionException {
    List<Future<Double>> rates = new ArrayList<>();
    for (DetectorSession session : sessions) {
      Callable<Double> loop = () -> rate(session, picture, millis);
      rates.add(callers.submit(loop));
    }
    double sum = 0;
    for (Future<Double> rate : rates) {
      sum += rate.get();
    }
    return sum;
  }

  /** Calls a second over whole calls. */
  private static double rate(DetectorSession session, ImageView picture, long millis) {
    Detections found = session.newDetections();
    long start = System.nanoTime();
    long now = start;
    int calls = 0;
    while (now - start < millis * 1_000_000) {
      session.detect(picture, found);
      calls++;
      now = System.nanoTime();
    }
    return calls * 1e9 / (now - start);
  }
}
