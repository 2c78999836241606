package dev.detr4j.error;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** Makes text from a file, or its failure, fit for an error message: one line of bounded length. */
public final class OneLine {
  private static final int LONGEST = 160;

  private OneLine() {}

  /** Why a file cannot be read or written: most of these exceptions have only its path to say. */
  public static String of(IOException e) {
    return switch (e) {
      case AccessDeniedException denied -> "permission denied";
      case NoSuchFileException missing -> "there is no such file";
      case FileSystemException file -> {
        String reason = file.getReason();
        yield reason == null ? file.getClass().getSimpleName() : of(reason);
      }
      case ClosedByInterruptException interrupted -> "interrupted";
      case InterruptedIOException interrupted -> "interrupted";
      default -> of(e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage());
    };
  }

  public static String of(String text) {
    return of(text, LONGEST);
  }

  public static String of(String text, int longest) {
    StringBuilder line = new StringBuilder(Math.min(text.length(), longest) + 1);
    for (int i = 0; i < text.length() && i < longest; i++) {
      char c = text.charAt(i);
      line.append(Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? '?' : c);
    }
    return text.length() > longest ? line.append('…').toString() : line.toString();
  }
}
