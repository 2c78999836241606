package dev.detr4j.spring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.detr4j.Detection;
import dev.detr4j.Detector;
import dev.detr4j.model.codes.CodesModel;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ConfigurableApplicationContext;

/** A real application on a port of its own, and what its properties do. */
class DetectApplicationTest {
  private static final Path PICTURE = Path.of("../../docs/pictures/codes.jpg");

  private final ApplicationContextRunner runner =
      new ApplicationContextRunner()
          .withConfiguration(AutoConfigurations.of(DetectorAutoConfiguration.class));

  @Test
  void theApplicationDetectsOnVirtualThreadsAndCounts() throws Exception {
    SpringApplication application = new SpringApplication(DetectApplication.class);
    application.setDefaultProperties(
        Map.of(
            "server.port", "0",
            "spring.threads.virtual.enabled", "true",
            "management.endpoints.web.exposure.include", "metrics",
            "detr4j.model", CodesModel.folder().toString(),
            "detr4j.name", "codes",
            "detr4j.sessions", "2",
            "detr4j.warm-up", "800x600"));
    try (ConfigurableApplicationContext context = application.run();
        HttpClient client = HttpClient.newHttpClient()) {
      String server =
          "http://localhost:" + context.getEnvironment().getProperty("local.server.port");
      Detector detector = context.getBean(Detector.class);
      assertThat(detector.memory().sessions()).isEqualTo(2);
      List<Detection> expected = detector.detect(PICTURE);

      byte[] photo = Files.readAllBytes(PICTURE);
      List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        answers.add(
            client.sendAsync(
                HttpRequest.newBuilder(URI.create(server + "/detect"))
                    .header("Content-Type", "application/octet-stream")
                    .POST(HttpRequest.BodyPublishers.ofByteArray(photo))
                    .build(),
                HttpResponse.BodyHandlers.ofString()));
      }
      for (CompletableFuture<HttpResponse<String>> each : answers) {
        assertThat(each.get().statusCode()).isEqualTo(200);
        assertThat(each.get().body())
            .contains("\"label\":\"" + expected.getFirst().label() + "\"")
            .contains("\"xMin\":" + expected.getFirst().box().xMin());
      }
      HttpResponse<String> metric =
          client.send(
              HttpRequest.newBuilder(
                      URI.create(
                          server
                              + "/actuator/metrics/detr4j.calls?tag=model:codes&tag=outcome:success"))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      assertThat(metric.body()).contains("{\"statistic\":\"COUNT\",\"value\":21.0}");
    }
  }

  @Test
  void withoutAModelThereIsNoDetector() {
    runner.run(context -> assertThat(context).doesNotHaveBean(Detector.class));
  }

  @Test
  void propertiesAndCustomizersReachTheDetector() {
    runner
        .withPropertyValues(
            "detr4j.model=" + CodesModel.folder(),
            "detr4j.backend=reference",
            "detr4j.threshold=0.25",
            "detr4j.threads=1",
            "detr4j.sessions=3",
            "detr4j.waiting-callers=7",
            "detr4j.waiting-time=2s",
            "detr4j.max-pixels=1000000",
            "detr4j.precision=fp32")
        .withBean(DetectorBuilderCustomizer.class, () -> builder -> builder.name("customized"))
        .run(context -> {
          Detector detector = context.getBean(Detector.class);
          assertThat(detector.backend().kind().id()).isEqualTo("reference");
          assertThat(detector.threshold()).isEqualTo(0.25f);
          assertThat(detector.load().sessions()).isEqualTo(3);
          assertThat(detector.name()).isEqualTo("customized");
        });
  }

  @Test
  void aWrongSettingStopsTheStartWithItsLine() {
    runner
        .withPropertyValues("detr4j.model=" + CodesModel.folder(), "detr4j.warm-up=large")
        .run(context ->
            assertThat(context.getStartupFailure())
                .rootCause()
                .hasMessage("detr4j.warm-up is large, expected an image size such as 640x480"));
  }
}
