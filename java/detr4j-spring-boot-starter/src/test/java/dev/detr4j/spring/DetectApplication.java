package dev.detr4j.spring;

import dev.detr4j.Detection;
import dev.detr4j.Detector;
import java.util.List;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;

// docs/embedding.md shows this class; ReadmeTest compares them.
@SpringBootApplication
@RestController
class DetectApplication {
  private final Detector detector;

  DetectApplication(Detector detector) {
    this.detector = detector;
  }

  @PostMapping("/detect")
  List<Detection> detect(@RequestBody byte[] photo) {
    return detector.detect(photo);
  }

  public static void main(String[] arguments) {
    SpringApplication.run(DetectApplication.class, arguments);
  }
}
