package dev.detr4j.bench.serve;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One run of wrk, the load generator.
 *
 * @param rate answers a second
 * @param good answers with a status of 2xx a second
 * @param p50 milliseconds
 * @param p99 milliseconds
 */
record Wrk(double rate, double good, double p50, double p99) {
  private static final Pattern RESULT =
      Pattern.compile("result (\\d+) (\\d+) (\\d+) ([\\d.]+) ([\\d.]+)");

  private static final String SCRIPT =
      """
      local file = io.open("IMAGE", "rb")
      wrk.method = "POST"
      wrk.body = file:read("*all")
      wrk.headers["Content-Type"] = "image/jpeg"
      file:close()
      local pause = PAUSE
      if pause > 0 then
        function delay()
          return pause * (0.5 + math.random())
        end
      end
      function done(summary, latency, requests)
        io.write(string.format("result %d %d %d %.3f %.3f\\n", summary.requests, summary.errors.status,
          summary.duration, latency:percentile(50) / 1000, latency:percentile(99) / 1000))
      end
      """;

  /**
   * Posts an image again and again.
   *
   * @param connections each has one request at hand, and pauses before the next
   * @param pause milliseconds on average, 0 for none
   */
  static Wrk run(Path folder, Path image, String url, int connections, double pause, int seconds)
      throws IOException, InterruptedException {
    Path script = folder.resolve("post.lua");
    Files.writeString(
        script,
        SCRIPT
            .replace("IMAGE", image.toAbsolutePath().toString())
            .replace("PAUSE", Double.toString(pause)));
    Process process;
    try {
      process =
          new ProcessBuilder(
                  "wrk",
                  "-t1",
                  "-c" + connections,
                  "-d" + seconds + "s",
                  "--timeout",
                  "60s",
                  "-s",
                  script.toString(),
                  url)
              .redirectErrorStream(true)
              .start();
    } catch (IOException e) {
      throw new IOException("wrk cannot be started; install it (Debian and Ubuntu: wrk)", e);
    }
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    int code = process.waitFor();
    Matcher result = RESULT.matcher(said);
    if (code != 0 || !result.find()) {
      throw new IOException("wrk failed with code " + code + ": " + said.strip());
    }
    double duration = Double.parseDouble(result.group(3)) / 1e6;
    double requests = Double.parseDouble(result.group(1));
    double errors = Double.parseDouble(result.group(2));
    return new Wrk(
        requests / duration,
        (requests - errors) / duration,
        Double.parseDouble(result.group(4)),
        Double.parseDouble(result.group(5)));
  }
}
