package dev.detr4j.model.codes;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Where files of this user may be kept, in the order of preference; the same places as those of the
 * C library of detr4j.
 *
 * @param cache below the user's cache folder; null for a user without a home
 * @param temporary below the system's folder of temporary files, where others can write too
 */
record CachePlaces(@Nullable Path cache, Path temporary) {
  /** The places of this process. */
  static CachePlaces ofProcess() {
    return of(System::getProperty, System::getenv);
  }

  static CachePlaces of(
      UnaryOperator<@Nullable String> property, UnaryOperator<@Nullable String> environment) {
    Path cache = absolute(environment.apply("XDG_CACHE_HOME"));
    if (cache == null) {
      // Some containers report "?" for a user without an entry in passwd.
      Path home = absolute(property.apply("user.home"));
      cache = home == null ? null : home.resolve(".cache");
    }
    String user = String.valueOf(property.apply("user.name")).replaceAll("[^A-Za-z0-9_.-]", "_");
    String temporary = property.apply("java.io.tmpdir");
    return new CachePlaces(
        cache == null ? null : cache.resolve("detr4j"),
        Path.of(temporary == null ? "/tmp" : temporary, "detr4j-" + user));
  }

  private static @Nullable Path absolute(@Nullable String name) {
    return name != null && Path.of(name).isAbsolute() ? Path.of(name) : null;
  }

  /**
   * Makes the temporary place, or checks the one that is there.
   *
   * @throws IOException when it cannot be made, or others could change what lies in it
   */
  void openTemporary() throws IOException {
    boolean posix = temporary.getFileSystem().supportedFileAttributeViews().contains("posix");
    if (!Files.isDirectory(temporary, LinkOption.NOFOLLOW_LINKS)) {
      if (posix) {
        Files.createDirectory(
            temporary,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      } else {
        Files.createDirectory(temporary);
      }
    }
    if (posix) {
      Set<PosixFilePermission> permissions =
          Files.getPosixFilePermissions(temporary, LinkOption.NOFOLLOW_LINKS);
      if (permissions.contains(PosixFilePermission.GROUP_WRITE)
          || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
        throw new FileSystemException(temporary.toString(), null, "others may write to it");
      }
      // The owner of a file that this process makes: containers often lack the user's name.
      Path made = Files.createTempFile(temporary, ".owner-", ".tmp");
      try {
        if (!Files.getOwner(made).equals(Files.getOwner(temporary, LinkOption.NOFOLLOW_LINKS))) {
          throw new FileSystemException(temporary.toString(), null, "it belongs to somebody else");
        }
      } finally {
        Files.delete(made);
      }
    }
  }
}
