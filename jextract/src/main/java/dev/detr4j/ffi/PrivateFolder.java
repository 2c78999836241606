package dev.detr4j.ffi;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * A folder that only this user can write to, so that what lies in it may be executed.
 *
 * <p>Libraries of earlier versions stay beside newer ones under other names; the folder may be
 * deleted at any time.
 */
final class PrivateFolder {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rwx------");
  private static final Set<PosixFilePermission> OWNER_FILE =
      PosixFilePermissions.fromString("rw-------");

  private final Path folder;

  private PrivateFolder(Path folder) {
    this.folder = folder;
  }

  /**
   * Opens the folder, making it when it is absent.
   *
   * @throws IOException when it cannot be made or written to, belongs to somebody else, or others
   *     may write to it
   */
  static PrivateFolder open(Path path) throws IOException {
    if (!Files.isDirectory(path)) {
      Path parent = path.toAbsolutePath().getParent();
      if (parent != null) {
        Files.createDirectories(parent);
      }
      if (posix(path)) {
        Files.createDirectory(path, PosixFilePermissions.asFileAttribute(OWNER_ONLY));
      } else {
        Files.createDirectory(path);
      }
    }
    Path folder = path.toRealPath();
    if (posix(folder)) {
      checkOwner(path, folder);
    }
    return new PrivateFolder(folder);
  }

  /**
   * The number of the user that this process runs as: that of the owner of a file that it makes in
   * a folder, which others may be able to write to. Null where there is none to be found.
   */
  static @Nullable String userNumber(Path folder) {
    try {
      Path made = newFile(folder, ".owner-", ".tmp");
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

  private static boolean posix(Path path) {
    return path.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  private static void checkOwner(Path asked, Path folder) throws IOException {
    PosixFileAttributes attributes =
        Files.getFileAttributeView(folder, PosixFileAttributeView.class).readAttributes();
    Set<PosixFilePermission> permissions = attributes.permissions();
    if (permissions.contains(PosixFilePermission.GROUP_WRITE)
        || permissions.contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new FileSystemException(
          asked.toString(),
          null,
          "other users can write to it (" + PosixFilePermissions.toString(permissions) + ")");
    }
    // The owner of a file that this process makes, rather than a look-up of user.name, which
    // containers often lack.
    Path made = newFile(folder, ".owner-", ".tmp");
    UserPrincipal self;
    try {
      self = Files.getOwner(made, LinkOption.NOFOLLOW_LINKS);
    } finally {
      Files.delete(made);
    }
    if (!attributes.owner().equals(self)) {
      throw new FileSystemException(
          asked.toString(),
          null,
          "it belongs to " + attributes.owner().getName() + ", not to " + self.getName());
    }
  }

  /**
   * Puts the bytes here under a name that holds their checksum; an equal file that is there already
   * is left alone.
   */
  Path place(String fileName, byte[] content) throws IOException {
    Path target = folder.resolve(insert(fileName, checksum(content)));
    if (Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)
        && Files.size(target) == content.length
        && Arrays.equals(Files.readAllBytes(target), content)) {
      return target;
    }
    Path temporary = newFile(folder, ".place-", ".tmp");
    try {
      Files.write(temporary, content);
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(temporary);
    }
    return target;
  }

  /** A copy under a name that nobody else uses; the caller deletes it. */
  Path placeCopy(String fileName, byte[] content) throws IOException {
    int dot = fileName.lastIndexOf('.');
    String extension = dot < 0 ? "" : fileName.substring(dot);
    Path copy = newFile(folder, "copy-", extension);
    Files.write(copy, content);
    return copy;
  }

  /**
   * An empty file that was not there before. Names need not be hard to guess: one that is taken is
   * passed over, and the random numbers of {@link Files#createTempFile} would cost a start 20 ms.
   */
  private static Path newFile(Path folder, String prefix, String suffix) throws IOException {
    FileAttribute<?>[] attributes =
        posix(folder)
            ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(OWNER_FILE)}
            : new FileAttribute<?>[0];
    long process = ProcessHandle.current().pid();
    FileAlreadyExistsException taken = new FileAlreadyExistsException(folder.toString());
    for (int attempt = 0; attempt < 100; attempt++) {
      String name = prefix + process + "-" + Long.toHexString(System.nanoTime()) + suffix;
      try {
        return Files.createFile(folder.resolve(name), attributes);
      } catch (FileAlreadyExistsException e) {
        // A process of another container that sees the same folder: the next nanosecond is free.
        taken = e;
      }
    }
    throw taken;
  }

  private static String insert(String fileName, String hash) {
    int dot = fileName.lastIndexOf('.');
    return dot < 0
        ? fileName + "-" + hash
        : fileName.substring(0, dot) + "-" + hash + fileName.substring(dot);
  }

  /**
   * Tells versions apart, no more: what lies under the name is compared byte by byte, and what has
   * the same name by chance replaces the other. A cryptographic hash would cost a start 50 ms.
   */
  private static String checksum(byte[] content) {
    CRC32 crc = new CRC32();
    crc.update(content);
    return HexFormat.of().toHexDigits((long) content.length << 32 | crc.getValue());
  }
}
