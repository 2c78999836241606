package dev.detr4j.train.run;

import dev.detr4j.train.TrainingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a run is: its data, settings, starting model and machine, as text by name. A run is resumed
 * only as the same one.
 */
public final class RunIdentity {
  /** What changes the last bits of a run but not what it is. */
  private static final Set<String> BITS = Set.of("backend", "threads", "version");

  private final Map<String, String> parts = new LinkedHashMap<>();
  private final Set<String> notes = new HashSet<>();

  /** Without parts. */
  public RunIdentity() {}

  /** Adds a part. */
  public RunIdentity with(String name, Object value) {
    parts.put(name, String.valueOf(value));
    return this;
  }

  /** Adds a part for people, such as the name of a file: a run that differs in it is the same. */
  public RunIdentity noting(String name, Object value) {
    notes.add(name);
    return with(name, value);
  }

  /** Adds the digest of a list, such as the digests of all images. */
  public RunIdentity withDigest(String name, List<String> values) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (String value : values) {
        digest.update(value.getBytes(StandardCharsets.UTF_8));
        digest.update((byte) 0);
      }
      return with(name, HexFormat.of().formatHex(digest.digest()));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JDK has SHA-256", e);
    }
  }

  /** All parts in the order in which they were added. */
  public Map<String, String> parts() {
    return new LinkedHashMap<>(parts);
  }

  /**
   * Compares with a stored identity.
   *
   * @return what keeps the rest of the run from giving the same bits, a line each
   * @throws TrainingException when it is another run
   */
  public List<String> resumes(Map<String, String> stored) {
    List<String> differences = new ArrayList<>();
    for (Map.Entry<String, String> part : parts.entrySet()) {
      String before = stored.getOrDefault(part.getKey(), "not stated");
      if (before.equals(part.getValue()) || notes.contains(part.getKey())) {
        continue;
      }
      if (!BITS.contains(part.getKey())) {
        throw new TrainingException(
            "cannot resume: %s was %s and is %s now; repeat the run's own options, or begin in another folder"
                .formatted(part.getKey(), before, part.getValue()));
      }
      differences.add(
          "%s was %s and is %s now: the run goes on, but not to the same bits"
              .formatted(part.getKey(), before, part.getValue()));
    }
    return differences;
  }
}
