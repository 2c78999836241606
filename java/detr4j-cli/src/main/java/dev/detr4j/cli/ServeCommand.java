package dev.detr4j.cli;

import dev.detr4j.image.ImageDecoder;
import dev.detr4j.image.PixelSize;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** Serves detection over HTTP; {@link ServeRun} is what it does. */
@Command(
    name = "serve",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    sortOptions = false,
    description = {
      "Serves detection over HTTP: a page at /, and the wire formats of Azure Machine Learning, Hugging Face, Open"
          + " Inference, djl-serving and Roboflow. /openapi.json describes the routes.",
      ""
    },
    optionListHeading = "Options:%n",
    footer = {
      "",
      "Examples:",
      "  detr4j serve",
      "  detr4j serve --model facebook/detr-resnet-50 --port 9000 --access-log -",
      "  detr4j serve --model people=detr-resnet-50/ --model codes=detr4j-model-codes --sessions 4 --threads 4",
      "  curl --data-binary @photo.jpg http://127.0.0.1:8080/detect",
      "",
      "A setting comes from the first of: option, system property (detr4j.serve.port), environment"
          + " (DETR4J_SERVE_PORT), the file that --config names (port=9000), default.",
      "SIGTERM and Ctrl-C stop the server: it finishes the requests at hand, then exits."
    })
final class ServeCommand implements Callable<Integer>, Restart.Candidate {
  @Spec private CommandSpec spec;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "File of settings: lines of NAME=VALUE, with the names of these options.")
  @SuppressWarnings("unused") // ServeSettings reads it, before options have values
  private @Nullable Path config;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "[NAME=]MODEL",
      split = ",",
      description =
          "A model as `detr4j detect` takes it, and the name that requests use for it; repeatable. Requests without a"
              + " name get the first. Default: the built-in model that finds codes.")
  List<String> models = List.of();

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      defaultValue = "127.0.0.1",
      description =
          "Address to listen on; 0.0.0.0 for all. Default: ${DEFAULT-VALUE}, which other machines cannot reach.")
  String host;

  @Option(
      names = "--allow-host",
      paramLabel = "NAME",
      description =
          "Answer requests under this name too, as from a proxy on this machine; repeatable. Without a token, a server"
              + " on the loopback address answers to localhost alone.")
  List<String> allowedHosts = List.of();

  @Option(
      names = "--port",
      paramLabel = "N",
      defaultValue = "8080",
      description = "Port to listen on; 0 for any free one. Default: ${DEFAULT-VALUE}.")
  int port;

  @Option(
      names = {"-t", "--threshold"},
      paramLabel = "SCORE",
      defaultValue = "0.5",
      description =
          "Report detections with a greater score, unless a request names another one. Default: ${DEFAULT-VALUE}.")
  float threshold;

  @Option(
      names = "--sessions",
      paramLabel = "N",
      converter = EngineOptions.AtLeastOne.class,
      description =
          "Images that are computed at once, of all models together. Default: the number of processors, at most 8.")
  @Nullable Integer sessions;

  @Option(
      names = "--queue",
      paramLabel = "N",
      defaultValue = "100",
      description = "Requests that may wait; more get 503 at once. Default: ${DEFAULT-VALUE}.")
  int queue;

  @Option(
      names = "--timeout",
      paramLabel = "TIME",
      defaultValue = "30s",
      converter = Time.class,
      description =
          "Time of a request, as in 500ms, 30s or 2m; then it gets 504. Default: ${DEFAULT-VALUE}.")
  Duration timeout;

  @Option(
      names = "--max-body",
      paramLabel = "MIB",
      defaultValue = "32",
      description = "Largest body of a request, in MiB. Default: ${DEFAULT-VALUE}.")
  private int maxBody;

  @Option(
      names = "--max-images",
      paramLabel = "N",
      defaultValue = "64",
      converter = EngineOptions.AtLeastOne.class,
      description = "Most images of a request. Default: ${DEFAULT-VALUE}.")
  Integer maxImages;

  @Option(
      names = "--max-pixels",
      paramLabel = "N",
      defaultValue = "50000000",
      description = "Refuse larger images. Default: ${DEFAULT-VALUE}.")
  long maxPixels;

  @Option(
      names = "--max-connections",
      paramLabel = "N",
      defaultValue = "10000",
      converter = EngineOptions.AtLeastOne.class,
      description =
          "Connections that may be open; further clients wait. Default: ${DEFAULT-VALUE}.")
  Integer maxConnections;

  @Option(
      names = "--idle-time",
      paramLabel = "TIME",
      defaultValue = "60s",
      converter = Time.class,
      description =
          "Close a connection that has not sent a request for so long. Default: ${DEFAULT-VALUE}.")
  Duration idleTime;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description =
          "File with a secret: requests then need the header Authorization: Bearer SECRET. Default: no token.")
  @Nullable Path tokenFile;

  @Option(
      names = "--allow-url",
      paramLabel = "REGEX",
      converter = Regex.class,
      description =
          "Let requests name images by https URL, where the whole URL matches; repeatable. Addresses that are not"
              + " public are never fetched. Default: none.")
  List<Pattern> allowedUrls = List.of();

  @Option(
      names = "--access-log",
      paramLabel = "FILE",
      description =
          "Append a line of JSON for each request to this file, or write it to standard output with -. Default: none.")
  @Nullable String accessLog;

  @Option(
      names = "--warm-up",
      paramLabel = "WxH",
      defaultValue = "640x480",
      converter = Size.class,
      description =
          "Size of the images that warm the models up before the server is ready. Default: ${DEFAULT-VALUE}.")
  PixelSize warmUp;

  @Option(
      names = "--stop-delay",
      paramLabel = "TIME",
      defaultValue = "0s",
      converter = Time.class,
      description =
          "When stopping, still answer for so long while not being ready, so that a load balancer notices."
              + " Default: ${DEFAULT-VALUE}.")
  Duration stopDelay;

  @Option(
      names = "--stop-time",
      paramLabel = "TIME",
      defaultValue = "30s",
      converter = Time.class,
      description =
          "When stopping, wait for the requests at hand at most so long. Default: ${DEFAULT-VALUE}.")
  Duration stopTime;

  @Option(
      names = "--once",
      description = "Start, send one request to this server, say how it went, and exit.")
  boolean once;

  @Mixin ModelOptions modelOptions;

  @Mixin EngineOptions engine;

  ServeCommand() {}

  @Override
  public boolean needsVectorApi() {
    return engine.needsVectorApi();
  }

  @Override
  public Integer call() throws Exception {
    check(port >= 0 && port <= 65535, "--port is " + port + ", expected 0 to 65535");
    check(threshold >= 0 && threshold <= 1, "--threshold is " + threshold + ", expected 0 to 1");
    check(timeout.toMillis() >= 1, "--timeout is 0, expected more");
    check(idleTime.toSeconds() >= 1, "--idle-time is less than 1s");
    check(queue >= 0, "--queue is " + queue + ", expected at least 0");
    check(maxBody >= 1 && maxBody <= 1024, "--max-body is " + maxBody + ", expected 1 to 1024");
    check(
        maxPixels >= 1 && maxPixels <= ImageDecoder.DEFAULT_MAX_PIXELS,
        "--max-pixels is " + maxPixels + ", expected 1 to " + ImageDecoder.DEFAULT_MAX_PIXELS);
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter err = spec.commandLine().getErr();
    if (!isInstalled()) {
      err.println(
          "detr4j: the server is not on the module path of this JVM; start it with ./detr4j serve, or add the jars of"
              + " detr4j-serve");
      return 1;
    }
    return new ServeRun(this, out, err).call();
  }

  /** The server's jars are on the module path only where the launcher knows that it is wanted. */
  private static boolean isInstalled() {
    try {
      Class.forName("dev.detr4j.serve.DetectionServer", false, ServeCommand.class.getClassLoader());
      return true;
    } catch (ClassNotFoundException e) {
      return false;
    }
  }

  private void check(boolean good, String message) {
    if (!good) {
      throw new ParameterException(spec.commandLine(), message);
    }
  }

  long maxBodyBytes() {
    return (long) maxBody << 20;
  }

  /** A time with its unit. */
  static final class Time implements ITypeConverter<Duration> {
    private static final Pattern FORM = Pattern.compile("(\\d{1,9})(ms|s|m)");

    Time() {}

    @Override
    public Duration convert(String value) {
      var matcher = FORM.matcher(value);
      if (!matcher.matches()) {
        throw new TypeConversionException("'" + value + "' is not a time such as 500ms, 30s or 2m");
      }
      long number = Long.parseLong(matcher.group(1));
      Duration time =
          switch (matcher.group(2)) {
            case "ms" -> Duration.ofMillis(number);
            case "s" -> Duration.ofSeconds(number);
            default -> Duration.ofMinutes(number);
          };
      if (time.toDays() >= 1) {
        throw new TypeConversionException("'" + value + "' is more than a day");
      }
      return time;
    }
  }

  /** Width and height in pixels. */
  static final class Size implements ITypeConverter<PixelSize> {
    private static final Pattern FORM = Pattern.compile("([1-9]\\d{0,4})x([1-9]\\d{0,4})");

    Size() {}

    @Override
    public PixelSize convert(String value) {
      var matcher = FORM.matcher(value);
      if (!matcher.matches()) {
        throw new TypeConversionException("'" + value + "' is not a size such as 640x480");
      }
      return new PixelSize(Integer.parseInt(matcher.group(1)), Integer.parseInt(matcher.group(2)));
    }
  }

  /** A regular expression; the message of a wrong one says what is wrong with it. */
  static final class Regex implements ITypeConverter<Pattern> {
    Regex() {}

    @Override
    public Pattern convert(String value) {
      try {
        return Pattern.compile(value);
      } catch (PatternSyntaxException e) {
        throw new TypeConversionException(
            "'" + value + "' is not a regular expression: " + e.getDescription());
      }
    }
  }
}
