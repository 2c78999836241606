package dev.detr4j.serve.dialect;

import dev.detr4j.serve.exchange.Body;
import dev.detr4j.serve.exchange.MediaType;
import dev.detr4j.serve.exchange.Refusal;
import dev.detr4j.serve.json.JsonMap;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.fileupload2.core.MultipartInput;
import org.jspecify.annotations.Nullable;

/**
 * Understands a body by its Content-Type: JSON as the dialect writes it, the bytes of an image, or
 * a form of several parts. Stateless.
 */
public final class RequestBody {
  private static final Pattern NAME = Pattern.compile("[;\\s]name=\"([^\"]*)\"");
  private static final Pattern FILE = Pattern.compile("[;\\s]filename\\*?=");
  private static final int MOST_PARTS = 1_000;

  private RequestBody() {}

  /** What the body asks for. */
  public static DetectJob read(Dialect dialect, Body body) {
    if (body.length() == 0) {
      throw Refusal.malformed("the body is empty, expected an image or JSON");
    }
    MediaType media = MediaType.of(body.contentType());
    if (media.isJson()) {
      return dialect.read(JsonMap.parse(body.bytes(), body.length()));
    }
    return switch (media.type()) {
      case "multipart/form-data" -> form(body, media.boundary());
      // What curl says of --data-binary unless it is told otherwise.
      case "", "application/octet-stream", "application/x-www-form-urlencoded" ->
          body.bytes()[0] == '{'
              ? dialect.read(JsonMap.parse(body.bytes(), body.length()))
              : image(body);
      default -> {
        if (media.type().startsWith("image/")) {
          yield image(body);
        }
        throw Refusal.unsupported(
            "Content-Type is %s, expected image/*, application/octet-stream, application/json or multipart/form-data"
                .formatted(media.type()));
      }
    };
  }

  private static DetectJob image(Body body) {
    return DetectJob.of(
        List.of(new ImageSource.Raw("the body", body.bytes(), 0, body.length())), false);
  }

  /** Each part with a file name, or of a media type that says image, is one. */
  private static DetectJob form(Body body, @Nullable String boundary) {
    if (boundary == null || boundary.isEmpty()) {
      throw Refusal.malformed("Content-Type has no boundary");
    }
    body.reserve(2L * body.length()); // the parts are copied, by way of a buffer that grows
    List<ImageSource> images = new ArrayList<>();
    Map<String, List<String>> fields = new TreeMap<>();
    try {
      MultipartInput input =
          MultipartInput.builder()
              .setInputStream(new ByteArrayInputStream(body.bytes(), 0, body.length()))
              .setBoundary(boundary.getBytes(StandardCharsets.ISO_8859_1))
              .setMaxPartHeaderSize(4096)
              .get();
      boolean more = input.skipPreamble();
      for (int i = 0; more; i++) {
        if (i == MOST_PARTS) {
          throw Refusal.tooLarge("the form has more than %d parts".formatted(MOST_PARTS));
        }
        String headers = input.readHeaders();
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        input.readBodyData(content);
        String name = name(headers);
        if (isFile(headers)) {
          byte[] bytes = content.toByteArray();
          images.add(new ImageSource.Raw("part \"" + name + "\"", bytes, 0, bytes.length));
        } else {
          fields
              .computeIfAbsent(name, _ -> new ArrayList<>())
              .add(content.toString(StandardCharsets.UTF_8));
        }
        more = input.readBoundary();
      }
    } catch (IOException | IllegalArgumentException e) {
      throw Refusal.malformed("the form cannot be read: it does not follow multipart/form-data");
    }
    if (images.isEmpty()) {
      throw Refusal.malformed("the form has no part with a file");
    }
    Options options = Options.of(fields);
    return DetectJob.of(images, images.size() > 1)
        .forModel(options.model())
        .with(options.threshold(), options.labels());
  }

  private static String name(String headers) {
    Matcher name = NAME.matcher(headers);
    return name.find() ? name.group(1).replaceAll("\\p{Cc}", "?") : "";
  }

  private static boolean isFile(String headers) {
    return FILE.matcher(headers).find()
        || headers.toLowerCase(Locale.ROOT).contains("content-type: image/");
  }
}
