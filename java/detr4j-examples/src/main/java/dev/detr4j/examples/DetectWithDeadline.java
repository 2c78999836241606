package dev.detr4j.examples;

import dev.detr4j.Detection;
import dev.detr4j.Detector;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A call that ends when its time is over, or when nobody wants its result any more. */
public final class DetectWithDeadline {
  private DetectWithDeadline() {}

  // docs/embedding.md shows the body of this method; ReadmeTest compares them.
  static CompletableFuture<List<Detection>> start(Detector detector, Path photo) {
    CompletableFuture<List<Detection>> answer = new CompletableFuture<>();
    Thread.startVirtualThread(() -> {
      try {
        answer.complete(
            detector
                .call()
                .timeout(Duration.ofSeconds(2))
                .cancelWhen(answer::isCancelled) // looked at between the steps of the network
                .detect(photo));
      } catch (RuntimeException e) {
        answer.completeExceptionally(e);
      }
    });
    return answer;
  }
}
