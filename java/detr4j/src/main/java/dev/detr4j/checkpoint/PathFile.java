package dev.detr4j.checkpoint;

import dev.detr4j.error.Detr4jException;
import dev.detr4j.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.function.Function;

/** A file or folder at a path. */
final class PathFile extends ModelFile {
  private final Path path;

  PathFile(Path path) {
    this.path = path;
  }

  @Override
  public String name() {
    return String.valueOf(path.getFileName());
  }

  @Override
  public String toString() {
    return path.toString();
  }

  @Override
  boolean exists() {
    return Files.exists(path);
  }

  @Override
  boolean isListed() {
    return Files.exists(path, LinkOption.NOFOLLOW_LINKS);
  }

  @Override
  boolean isFolder() {
    return Files.isDirectory(path);
  }

  @Override
  boolean isRegular() {
    return Files.isRegularFile(path);
  }

  @Override
  ModelFile child(String name) {
    return new PathFile(path.resolve(name));
  }

  @Override
  ModelFile folder() {
    Path absolute = path.toAbsolutePath();
    Path parent = absolute.getParent();
    return new PathFile(parent == null ? absolute : parent);
  }

  @Override
  MappedFile map(String expected) {
    return MappedFile.open(path, expected);
  }

  @Override
  byte[] text(Function<String, ? extends Detr4jException> error) {
    return JsonObject.text(path, error);
  }
}
