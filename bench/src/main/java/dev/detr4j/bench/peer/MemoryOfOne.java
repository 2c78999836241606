package dev.detr4j.bench.peer;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Loads a model in one contender, runs it some times, and prints what the process that did it
 * holds. The child process of {@link MemoryCommand}.
 */
public final class MemoryOfOne {
  /** The word for no contender at all: what a JVM with the input alone holds. */
  static final String NOBODY = "none";

  /** What the child prints: bytes, bytes and a name. */
  record Figures(ProcessMemory memory, String name) {
    static Figures parse(String line) {
      String[] fields = line.strip().split(" ", 3);
      return new Figures(
          new ProcessMemory(Long.parseLong(fields[0]), Long.parseLong(fields[1])), fields[2]);
    }

    @Override
    public String toString() {
      return memory.resident() + " " + memory.peak() + " " + name;
    }
  }

  private MemoryOfOne() {}

  /** Arguments: a peer, a backend or none; model; threads; height; width; runs; Python; home. */
  public static void main(String[] arguments) {
    FormulaPixels pixels =
        FormulaPixels.of(Integer.parseInt(arguments[3]), Integer.parseInt(arguments[4]));
    try (Contender contender =
        open(
            arguments[0],
            ModelFolder.of(Path.of(arguments[1])),
            Integer.parseInt(arguments[2]),
            pixels,
            new PeerTools(arguments[6], Path.of(arguments[7])))) {
      System.out.println(measure(contender, Integer.parseInt(arguments[5])));
    } catch (ComparisonException e) {
      System.err.println("error: " + e.getMessage());
      System.exit(1);
    }
  }

  private static @Nullable Contender open(
      String who, ModelFolder model, int threads, FormulaPixels pixels, PeerTools tools) {
    for (Peer peer : Peer.values()) {
      if (peer.id().equals(who)) {
        return peer.open(model, threads, pixels, tools);
      }
    }
    return who.equals(NOBODY) ? null : new PlannedModel(model, OwnBackend.of(who), threads, pixels);
  }

  static Figures measure(@Nullable Contender contender, int runs) {
    if (contender == null) {
      return new Figures(
          ProcessMemory.of(ProcessHandle.current().pid()), "a JVM with the input alone");
    }
    for (int run = 0; run < runs; run++) {
      contender.run();
    }
    return new Figures(ProcessMemory.of(contender.pid()), contender.name());
  }
}
