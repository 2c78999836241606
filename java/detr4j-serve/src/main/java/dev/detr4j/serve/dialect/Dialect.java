package dev.detr4j.serve.dialect;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.detr4j.serve.json.JsonMap;
import java.io.IOException;
import java.util.List;

/**
 * A wire format: how its clients write a request in JSON, and what they expect as an answer. Raw
 * bytes and forms of several parts are read for all dialects alike. Stateless.
 */
public interface Dialect {
  /** The name in metrics and logs. */
  String id();

  /** Understands a body in JSON. */
  DetectJob read(JsonMap body);

  /** Writes one JSON value. */
  void write(JsonGenerator json, DetectJob job, ServedModel model, List<ImageResult> results)
      throws IOException;
}
