package dev.detr4j.ffi;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Set;

/**
 * A folder that only this user can write to, so that what lies in it may be executed.
 *
 * <p>Libraries of earlier versions stay beside newer ones under other names; the folder may be
 * deleted at any time.
 */
final class PrivateFolder {
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rwx------");

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
          "others may write to it (" + PosixFilePermissions.toString(permissions) + ")");
    }
    // The owner of a file that this process makes, rather than a look-up of user.name, which
    // containers often lack.
    Path made = Files.createTempFile(folder, ".owner-", ".tmp");
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
   * Puts the bytes here under a name that holds their hash; an equal file that is there already is
   * left alone.
   */
  Path place(String fileName, byte[] content) throws IOException {
    Path target = folder.resolve(insert(fileName, sha256(content)));
    if (Files.isRegularFile(target, LinkOption.NOFOLLOW_LINKS)
        && Files.size(target) == content.length
        && Arrays.equals(Files.readAllBytes(target), content)) {
      return target;
    }
    Path temporary = Files.createTempFile(folder, ".place-", ".tmp");
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
    Path copy = Files.createTempFile(folder, "copy-", extension);
    Files.write(copy, content);
    return copy;
  }

  private static String insert(String fileName, String hash) {
    int dot = fileName.lastIndexOf('.');
    return dot < 0
        ? fileName + "-" + hash
        : fileName.substring(0, dot) + "-" + hash + fileName.substring(dot);
  }

  private static String sha256(byte[] content) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(content);
      return HexFormat.of().formatHex(digest, 0, 16);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
