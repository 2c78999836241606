package dev.detr4j.model.codes;

import dev.detr4j.error.CheckpointException;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Where files of this user may be kept, in the order of preference; after the first, the same
 * places as those of the C library of detr4j.
 *
 * @param named where the user keeps models: {@code detr4j.models.home}, else {@code DETR4J_HOME};
 *     null when neither is set, else no other place serves
 * @param cache below the user's cache folder; null for a user without a home
 * @param temporary below the system's folder of temporary files, where others can write too
 */
record CachePlaces(@Nullable Path named, @Nullable Path cache, Path temporary) {
  /** The places of this process. */
  static CachePlaces ofProcess() {
    return of(System::getProperty, System::getenv, CachePlaces::userNumber);
  }

  /**
   * As above, from other sources.
   *
   * @param number of the user of this process, as {@link #userNumber} finds it
   * @throws CheckpointException when the named place is in the home folder of a user who has none
   */
  static CachePlaces of(
      UnaryOperator<@Nullable String> property,
      UnaryOperator<@Nullable String> environment,
      Function<Path, @Nullable String> number) {
    String userHome = property.apply("user.home");
    Path cache = absolute(environment.apply("XDG_CACHE_HOME"));
    if (cache == null) {
      // Some containers report "?" for a user without an entry in passwd.
      Path home = absolute(userHome);
      cache = home == null ? null : home.resolve(".cache");
    }
    String name = property.apply("java.io.tmpdir");
    Path temporary = Path.of(name == null ? "/tmp" : name);
    String user = user(property.apply("user.name"), () -> number.apply(temporary));
    return new CachePlaces(
        named(property.apply("detr4j.models.home"), environment.apply("DETR4J_HOME"), userHome),
        cache == null ? null : cache.resolve("detr4j"),
        temporary.resolve("detr4j-" + user));
  }

  /** A leading {@code ~} is the user's home, as for the command line. */
  private static @Nullable Path named(
      @Nullable String property, @Nullable String variable, @Nullable String userHome) {
    String place = property == null || property.isBlank() ? variable : property;
    if (place == null || place.isBlank()) {
      return null;
    }
    String path = place.strip();
    if (path.equals("~") || path.startsWith("~/")) {
      if (absolute(userHome) == null) {
        throw new CheckpointException(
            "the folder of models is %s, but this user has no home folder; set DETR4J_HOME to another"
                .formatted(path));
      }
      path = userHome + path.substring(1);
    }
    return Path.of(path).toAbsolutePath();
  }

  /**
   * What tells this user's folder from those of others: a plain name, else the number. A user
   * without an entry in passwd is called "?", as all others of this kind are.
   */
  private static String user(@Nullable String name, Supplier<@Nullable String> number) {
    if (name != null && name.matches("[A-Za-z0-9_.-]+")) {
      return name;
    }
    String found = number.get();
    return found != null ? "uid-" + found : String.valueOf(name).replaceAll("[^A-Za-z0-9_.-]", "_");
  }

  /** The number of the owner of a file that this process makes in a folder; null if it has none. */
  static @Nullable String userNumber(Path folder) {
    try {
      Path made = Files.createTempFile(folder, ".owner-", ".tmp");
      try {
        return String.valueOf(Files.getAttribute(made, "unix:uid", LinkOption.NOFOLLOW_LINKS));
      } finally {
        Files.delete(made);
      }
    } catch (IOException | UnsupportedOperationException e) {
      // What comes of it is said when the folder is to be used.
      return null;
    }
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
