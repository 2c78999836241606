package dev.detr4j.cli;

import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.cli.registry.LocalModel;
import dev.detr4j.cli.registry.LocalModels;
import dev.detr4j.error.OneLine;
import dev.detr4j.model.codes.CodesModel;
import dev.detr4j.serve.DetectionServer;
import dev.detr4j.serve.DetectionServerBuilder;
import dev.detr4j.serve.JsonAccessLog;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.net.BindException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import javax.imageio.ImageIO;
import org.jspecify.annotations.Nullable;

/**
 * A run of the server: opens the models, listens, warms up, waits for the end. This is the only
 * class of the command line that knows the server, which is not on every module path.
 */
final class ServeRun implements Callable<Integer> {
  /** A name before a model: what a path of Windows begins with, as in {@code C:}, has no '='. */
  private static final Pattern NAMED =
      Pattern.compile("([A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*)=(.+)");

  /** Kept here, because loggers that nobody holds are forgotten with their level. */
  private static final Logger HELIDON = Logger.getLogger("io.helidon");

  private static final int LONGEST_TOKEN = 4096;

  private final ServeCommand command;
  private final PrintWriter out;
  private final PrintWriter err;

  ServeRun(ServeCommand command, PrintWriter out, PrintWriter err) {
    this.command = command;
    this.out = out;
    this.err = err;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    HELIDON.setLevel(Level.WARNING);
    Map<String, LocalModel> models = models();
    String token = token();
    List<Detector> detectors = new ArrayList<>();
    try (JsonAccessLog log = accessLog()) {
      DetectionServerBuilder builder = builder(token, log);
      for (Map.Entry<String, LocalModel> each : models.entrySet()) {
        Detector detector = open(each.getKey(), each.getValue());
        detectors.add(detector);
        builder.model(each.getKey(), detector);
      }
      return serve(builder, token, log);
    } catch (BindException e) {
      err.println(
          "detr4j: cannot listen on %s port %d: %s"
              .formatted(command.host, command.port, OneLine.of(e)));
      return 1;
    } finally {
      detectors.forEach(Detector::close);
    }
  }

  private int serve(
      DetectionServerBuilder builder, @Nullable String token, @Nullable JsonAccessLog log)
      throws IOException, InterruptedException {
    try (DetectionServer server = builder.start()) {
      Runtime.getRuntime()
          .addShutdownHook(new Thread(() -> stop(server, log), "detr4j-serve-stop"));
      String models = String.join(", ", server.endpoint().models());
      err.println("detr4j: listening at %s, warming up %s".formatted(server.uri(), models));
      err.flush();
      server.endpoint().warmUp(command.warmUp.width(), command.warmUp.height());
      err.println("detr4j: ready");
      err.flush();
      if (command.once) {
        return checkOnce(server, token);
      }
      server.await();
      return 0;
    }
  }

  /** The log last: the JVM ends when this does. */
  private static void stop(DetectionServer server, @Nullable JsonAccessLog log) {
    server.close();
    if (log != null) {
      try {
        log.close();
      } catch (IOException e) {
        // Lines that could not be written were told of already.
      }
    }
  }

  private DetectionServerBuilder builder(@Nullable String token, @Nullable JsonAccessLog log)
      throws IOException {
    DetectionServerBuilder builder =
        DetectionServer.builder()
            .host(host())
            .allowHosts(command.allowedHosts)
            .port(command.port)
            .queue(command.queue)
            .timeout(command.timeout)
            .maxBodyBytes(command.maxBodyBytes())
            .maxImages(command.maxImages)
            .maxConnections(command.maxConnections)
            .idleTime(command.idleTime)
            .stopDelay(command.once ? Duration.ZERO : command.stopDelay)
            .stopTime(command.stopTime)
            .allowUrls(command.allowedUrls.toArray(new Pattern[0]));
    if (token != null) {
      builder.token(token);
    }
    if (log != null) {
      builder.log(log);
    }
    return builder;
  }

  private InetAddress host() throws IOException {
    try {
      return InetAddress.getByName(command.host);
    } catch (UnknownHostException e) {
      throw new IOException("--host: there is no address of the name " + command.host, e);
    }
  }

  /** The models by the names that requests use. */
  private Map<String, LocalModel> models() throws IOException {
    Map<String, LocalModel> models = new LinkedHashMap<>();
    if (command.models.isEmpty()) {
      models.put(CodesModel.NAME, LocalModels.builtIn());
    }
    for (String each : command.models) {
      var named = NAMED.matcher(each);
      boolean hasName = named.matches() && !Files.exists(Path.of(each));
      String model = hasName ? named.group(2) : each;
      String name = hasName ? named.group(1) : nameOf(model);
      if (models.put(name, LocalModels.resolve(Path.of(model))) != null) {
        throw new IOException("--model: two models have the name " + name);
      }
    }
    return models;
  }

  /** A path is known by its last part, a published model by its whole name. */
  private static String nameOf(String model) {
    Path path = Path.of(model);
    Path last = path.toAbsolutePath().normalize().getFileName();
    String name = Files.exists(path) && last != null ? last.toString() : model;
    return name.replaceAll("[^A-Za-z0-9._/-]", "-");
  }

  private Detector open(String name, LocalModel model) {
    DetectorBuilder builder =
        command
            .modelOptions
            .applyTo(model.builder())
            .name(name)
            .threshold(command.threshold)
            .maxPixels(command.maxPixels);
    command.engine.apply(builder);
    builder.warnings(text -> {
      err.println("detr4j: " + name + ": " + Terminal.printable(text));
      err.flush();
    });
    if (command.sessions != null) {
      builder.sessions(command.sessions);
    }
    return builder.build();
  }

  private @Nullable String token() throws IOException {
    Path file = command.tokenFile;
    if (file == null) {
      return null;
    }
    String token;
    try {
      if (Files.isRegularFile(file) && Files.size(file) > LONGEST_TOKEN) {
        throw new IOException("more than 4096 bytes, expected a secret");
      }
      token = Files.readString(file).strip();
    } catch (IOException e) {
      throw new IOException(
          "--token-file: %s cannot be read: %s".formatted(file, OneLine.of(e)), e);
    }
    if (token.isEmpty()) {
      throw new IOException("--token-file: " + file + " is empty");
    }
    return token;
  }

  private @Nullable JsonAccessLog accessLog() throws IOException {
    if (command.accessLog == null) {
      return null;
    }
    OutputStream stream;
    try {
      stream =
          command.accessLog.equals("-")
              // Not System.out, which keeps its errors to itself.
              ? new FileOutputStream(FileDescriptor.out)
              : new FileOutputStream(command.accessLog, true);
    } catch (IOException e) {
      throw new IOException("--access-log: " + e.getMessage(), e); // it names the file
    }
    return new JsonAccessLog(
        stream,
        text -> {
          err.println("detr4j: " + Terminal.printable(text));
          err.flush();
        });
  }

  /** Sends a picture to the server, as a client would. */
  private int checkOnce(DetectionServer server, @Nullable String token)
      throws IOException, InterruptedException {
    ByteArrayOutputStream picture = new ByteArrayOutputStream();
    ImageIO.write(new BufferedImage(320, 240, BufferedImage.TYPE_INT_RGB), "png", picture);
    HttpRequest.Builder request =
        HttpRequest.newBuilder(server.uri().resolve("/detect"))
            .header("Content-Type", "image/png")
            .POST(HttpRequest.BodyPublishers.ofByteArray(picture.toByteArray()));
    if (token != null) {
      request.header("Authorization", "Bearer " + token);
    }
    long begun = System.nanoTime();
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<String> answer =
          client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      out.printf(
          "%s: status %d in %.1f ms: %s%n",
          answer.uri(), answer.statusCode(), (System.nanoTime() - begun) / 1e6, answer.body());
      out.flush();
      return answer.statusCode() == 200 ? 0 : 1;
    }
  }
}
