package dev.detr4j.checkpoint;

import dev.detr4j.error.CheckpointException;
import dev.detr4j.error.OneLine;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;

/** Where the bytes of one file of a {@link FileSet} come from. */
sealed interface FileContent {
  /**
   * The whole file in memory outside the heap; the caller closes it.
   *
   * @param container the name of the file, for messages about its content
   * @param place where it lies, for messages about the file
   */
  MappedFile open(String container, String place);

  /** The whole file on the heap, or so many bytes of it. */
  byte[] text(int most) throws IOException;

  /** An array that nobody changes. */
  record Bytes(byte[] bytes) implements FileContent {
    @Override
    public MappedFile open(String container, String place) {
      return MappedFile.read(
          container, place, arena -> NativeCopy.of(MemorySegment.ofArray(bytes), container, arena));
    }

    @Override
    public byte[] text(int most) {
      return Arrays.copyOf(bytes, Math.min(bytes.length, most));
    }
  }

  /** A stream, which is read once and belongs to the caller. */
  record Stream(InputStream in, AtomicBoolean taken) implements FileContent {
    Stream(InputStream in) {
      this(in, new AtomicBoolean());
    }

    private InputStream take() {
      if (!taken.compareAndSet(false, true)) {
        throw new IllegalStateException(
            "a stream of these model files was read already: they make one detector");
      }
      return in;
    }

    @Override
    public MappedFile open(String container, String place) {
      return MappedFile.read(container, place, arena -> NativeCopy.of(take(), container, arena));
    }

    @Override
    public byte[] text(int most) throws IOException {
      return take().readNBytes(most);
    }
  }

  /** A resource of the class path or of a module. */
  record Resource(Class<?> anchor, String path) implements FileContent {
    static Resource of(Class<?> anchor, String path) {
      if (anchor.getResource(path) == null) {
        throw absent(anchor, path);
      }
      return new Resource(anchor, path);
    }

    private static CheckpointException absent(Class<?> anchor, String path) {
      String module =
          anchor.getModule().isNamed()
              ? ", or " + anchor.getModule().getName() + " does not open its package to dev.detr4j"
              : "";
      return new CheckpointException(
          "checkpoint %s: there is no such resource of %s%s"
              .formatted(OneLine.of(path), anchor.getName(), module));
    }

    private InputStream stream() {
      InputStream in = anchor.getResourceAsStream(path);
      if (in == null) {
        throw absent(anchor, path);
      }
      return in;
    }

    @Override
    public MappedFile open(String container, String place) {
      return MappedFile.read(
          container,
          place,
          arena -> {
            try (InputStream in = stream()) {
              return NativeCopy.of(in, container, arena);
            }
          });
    }

    @Override
    public byte[] text(int most) throws IOException {
      try (InputStream in = stream()) {
        return in.readNBytes(most);
      }
    }
  }

  /** An entry of a zip archive. */
  record Zipped(ZipArchive archive, String entry) implements FileContent {
    @Override
    public MappedFile open(String container, String place) {
      return archive.open(entry, container);
    }

    @Override
    public byte[] text(int most) {
      return archive.text(entry, most);
    }
  }
}
