package dev.detr4j.cli.registry;

import dev.detr4j.cli.registry.HubClient.Answer;
import dev.detr4j.cli.registry.PartFile.Origin;
import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.Detr4jException;
import dev.detr4j.error.OneLine;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Brings one file here. A connection that breaks is taken up where it broke (RFC 9110: {@code
 * Range} with {@code If-Range}); a file that changed meanwhile, or a server that knows no ranges,
 * begins again. Nothing that a server says about sizes is believed: what it sends is counted and
 * bounded. The file appears under its name when it is whole and agrees with its digest.
 */
final class Download {
  private static final Pattern CONTENT_RANGE =
      Pattern.compile("bytes (?:(\\d{1,18})-(\\d{1,18})|\\*)/(\\d{1,18}|\\*)");

  private final HubClient client;
  private final FetchLimits limits;
  private final FetchProgress progress;
  private final URI url;
  private final Path target;
  private final String name;
  private final @Nullable String sha256;

  /** Whether the part was put together from more than one answer. */
  private boolean joined;

  /**
   * A download, not begun.
   *
   * @param sha256 the digest or its first digits in lower-case hex; null when it is not known
   */
  Download(
      HubClient client,
      FetchLimits limits,
      FetchProgress progress,
      URI url,
      Path target,
      @Nullable String sha256) {
    this.client = client;
    this.limits = limits;
    this.progress = progress;
    this.url = url;
    this.target = target;
    this.name = target.getFileName().toString();
    this.sha256 = sha256;
  }

  /** A failure that may not happen again. */
  private static final class Passing extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient Duration asked;

    Passing(String message, long seconds) {
      super(message);
      this.asked = Duration.ofSeconds(Math.clamp(seconds, 0, 3600));
    }
  }

  /**
   * Brings the file here.
   *
   * @throws FetchException when that cannot be done; what has arrived is kept for the next time
   *     unless it is wrong
   */
  void run() {
    try (PartFile part = PartFile.open(target, url)) {
      joined = part.size() > 0;
      complete(part);
      String flaw = flaw(part);
      if (flaw != null && joined) {
        // The parts may have been of two versions, whatever the server said.
        progress.message(name + ": " + flaw + "; starting over");
        part.discard();
        complete(part);
        flaw = flaw(part);
      }
      if (flaw != null) {
        part.discard();
        throw new FetchException(url + ": " + flaw + "; nothing was kept");
      }
      part.commit();
    } catch (IOException e) {
      throw new FetchException(target + ": cannot be written: " + OneLine.of(e), e);
    }
  }

  /** Tries until the whole file is in the part. */
  private void complete(PartFile part) throws IOException {
    int failures = 0;
    for (int attempt = 1; ; attempt++) {
      long before = part.size();
      try {
        if (!isWhole(part)) {
          attempt(part);
        }
        return;
      } catch (Passing e) {
        failures = part.size() > before ? 1 : failures + 1;
        if (failures >= limits.failures() || attempt >= limits.attempts()) {
          throw new FetchException(
              "%s: %s, %d attempts; %s"
                  .formatted(
                      url,
                      e.getMessage(),
                      attempt,
                      part.size() > 0
                          ? part.size() + " bytes are kept; repeat the command to resume"
                          : "no data arrived"),
              e);
        }
        Duration pause = limits.pause(failures, e.asked);
        progress.message(
            "%s: %s; trying again in %.1f s"
                .formatted(name, e.getMessage(), pause.toMillis() / 1e3));
        sleep(pause);
      }
    }
  }

  private static boolean isWhole(PartFile part) throws IOException {
    Origin origin = part.origin();
    if (origin != null && origin.total() >= 0 && part.size() > origin.total()) {
      part.discard();
    }
    return origin != null && part.size() == origin.total();
  }

  private void attempt(PartFile part) throws IOException {
    long have = part.size();
    Origin known = part.origin();
    Map<String, String> headers = new LinkedHashMap<>();
    if (known != null && have > 0) {
      if (known.validator() != null) {
        headers.put("If-Range", known.validator());
      }
      // Without a validator only the digest can tell whether the two parts are of one file.
      if (known.validator() != null || sha256 != null || known.digest() != null) {
        headers.put("Range", "bytes=" + have + "-");
      }
    }
    try (Answer answer = get(headers)) {
      boolean begun =
          switch (answer.status()) {
            case 200 -> begin(part, answer);
            case 206 -> goOn(part, answer, known, have);
            case 416 -> isAll(part, answer, have);
            default -> throw refusal(answer);
          };
      if (begun) {
        copy(part, answer);
      }
    }
  }

  private Answer get(Map<String, String> headers) throws Passing {
    try {
      return client.get(url, headers);
    } catch (IOException e) {
      throw passing(e);
    }
  }

  private static Passing passing(IOException e) {
    String reason = e.getMessage();
    return new Passing(
        "the connection failed (%s)"
            .formatted(reason == null ? e.getClass().getSimpleName() : reason),
        0);
  }

  private boolean begin(PartFile part, Answer answer) throws IOException {
    refusePage(answer);
    long total = answer.number("content-length");
    checkSize(total);
    if (total >= 0 && answer.linkedSize() >= 0 && total != answer.linkedSize()) {
      throw new Passing(
          "the hub says that it has %d bytes, the server that has it says %d"
              .formatted(answer.linkedSize(), total),
          0);
    }
    part.begin(new Origin(url.toString(), validator(answer), total, answer.linkedDigest()));
    return true;
  }

  /** Weak entity tags say nothing about bytes. */
  private static @Nullable String validator(Answer answer) {
    return answer
        .header("etag")
        .filter(tag -> tag.startsWith("\""))
        .or(() -> answer.header("last-modified"))
        .orElse(null);
  }

  private boolean goOn(PartFile part, Answer answer, @Nullable Origin known, long have)
      throws IOException {
    Matcher range = CONTENT_RANGE.matcher(answer.header("content-range").orElse(""));
    String current = validator(answer);
    boolean fits =
        known != null
            && range.matches()
            && range.group(1) != null
            && Long.parseLong(range.group(1)) == have
            && (known.total() < 0 || range.group(3).equals(Long.toString(known.total())))
            && (current == null || current.equals(known.validator()));
    if (!fits) {
      part.discard();
      throw new Passing("the file changed meanwhile", 0);
    }
    joined = true;
    return true;
  }

  /** Beyond the end there is nothing, which is right when all is here. */
  private static boolean isAll(PartFile part, Answer answer, long have) throws IOException {
    Matcher range = CONTENT_RANGE.matcher(answer.header("content-range").orElse(""));
    if (!range.matches() || !range.group(3).equals(Long.toString(have))) {
      part.discard();
      throw new Passing("the file is shorter than the part that is here", 0);
    }
    return false;
  }

  private void checkSize(long total) throws IOException {
    long most = limits.largest(name);
    if (total > most) {
      throw new FetchException(
          "%s: the server announces %d bytes, expected at most %d".formatted(url, total, most));
    }
    long free = Files.getFileStore(target.toAbsolutePath().getParent()).getUsableSpace();
    if (total > free) {
      throw new FetchException(
          "%s: has %d bytes, but only %d are free in %s"
              .formatted(url, total, free, target.getParent()));
    }
  }

  private void refusePage(Answer answer) {
    String type = answer.header("content-type").orElse("");
    if (type.startsWith("text/html")) {
      throw new FetchException(url + ": the server sent a web page, expected " + name);
    }
    String encoding = answer.header("content-encoding").orElse("identity");
    if (!encoding.equals("identity")) {
      throw new FetchException(
          url + ": the server sent content encoding " + encoding + ", expected none");
    }
  }

  private IOException refusal(Answer answer) {
    int status = answer.status();
    if (status == 408 || status == 425 || status == 429 || status >= 500) {
      String reason = status == 429 ? "the server asks to wait" : "the server failed";
      return new Passing(reason + " (HTTP " + status + ")", answer.number("retry-after"));
    }
    throw new FetchException(
        switch (status) {
          case 401, 403 ->
              "%s: access denied (HTTP %d); private and gated models of the hub need HF_TOKEN"
                  .formatted(url, status);
          case 404, 410 -> "%s: there is no such file (HTTP %d)".formatted(url, status);
          default -> "%s: unexpected answer (HTTP %d)".formatted(url, status);
        });
  }

  private void copy(PartFile part, Answer answer) throws IOException {
    Origin origin = part.origin();
    long total = origin == null ? -1 : origin.total();
    long done = part.size();
    long most = limits.largest(name);
    byte[] block = new byte[1 << 16];
    for (int n = read(answer, block); n >= 0; n = read(answer, block)) {
      done += n;
      if (done > most || (total >= 0 && done > total)) {
        part.discard();
        throw new FetchException(
            "%s: the server sends more than %d bytes; nothing was kept"
                .formatted(url, total >= 0 ? Math.min(total, most) : most));
      }
      part.append(ByteBuffer.wrap(block, 0, n));
      progress.update(name, done, total);
    }
    if (total >= 0 && done < total) {
      throw new Passing("it ended after " + done + " of " + total + " bytes", 0);
    }
  }

  private int read(Answer answer, byte[] block) throws Passing {
    try {
      return answer.response().body().read(block, limits.stall());
    } catch (IOException e) {
      throw passing(e);
    }
  }

  /** What is wrong with the whole file, or null. */
  private @Nullable String flaw(PartFile part) throws IOException {
    Origin origin = part.origin();
    String told = origin == null ? null : origin.digest();
    if (sha256 != null || told != null) {
      String digest = part.digest();
      if (sha256 != null && !digest.startsWith(sha256)) {
        return "its SHA-256 is %s, published is %s".formatted(digest, sha256);
      }
      if (told != null && !digest.equals(told)) {
        return "its SHA-256 is %s, the hub says %s".formatted(digest, told);
      }
    }
    try {
      Contents.check(part.path(), name);
      return null;
    } catch (CheckpointException e) {
      return "it is damaged (" + e.getMessage() + ")";
    } catch (Detr4jException e) {
      return "it is not what its name says (" + e.getMessage() + ")";
    }
  }

  private void sleep(Duration pause) {
    try {
      Thread.sleep(pause);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FetchException(url + ": interrupted", e);
    }
  }
}
