package dev.detr4j.backend.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which kernels have run on which GPU: the table of {@code native/cuda/VERIFIED.md}, whose copy is
 * a resource of this package.
 *
 * @param rows in the page's order, which is that of the dates
 */
record VerifiedKernels(List<Row> rows) {
  private static final String PAGE = "VERIFIED.md";
  private static final List<String> COLUMNS =
      List.of("date", "GPU", "driver", "commit", "kernels", "suites");

  /**
   * A run of the suites on a GPU.
   *
   * @param kernels what {@code detr4j_cuda_kernels} says of the library that ran
   */
  record Row(
      String date, String gpu, String driver, String commit, String kernels, String suites) {}

  /** Copies the list. */
  VerifiedKernels {
    rows = List.copyOf(rows);
  }

  /** The table of this build. */
  static VerifiedKernels ofBuild() {
    try (InputStream page = VerifiedKernels.class.getResourceAsStream(PAGE)) {
      if (page == null) {
        throw new IllegalStateException("this build of detr4j lacks its resource " + PAGE);
      }
      return parse(new String(page.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Reads the only table of a page.
   *
   * @throws IllegalArgumentException when it has other columns
   */
  static VerifiedKernels parse(String page) {
    List<Row> rows = new ArrayList<>();
    boolean inTable = false;
    for (String line : page.split("\n", -1)) {
      if (!line.startsWith("|") || line.startsWith("|---")) {
        continue;
      }
      List<String> cells =
          Arrays.stream(line.substring(1, line.lastIndexOf('|')).split("\\|", -1))
              .map(String::strip)
              .toList();
      if (cells.size() != COLUMNS.size() || (!inTable && !cells.equals(COLUMNS))) {
        throw new IllegalArgumentException(
            PAGE + ": expected the columns " + COLUMNS + ", got " + line);
      }
      if (inTable) {
        rows.add(
            new Row(
                cells.get(0),
                cells.get(1),
                cells.get(2),
                cells.get(3),
                cells.get(4),
                cells.get(5)));
      }
      inTable = true;
    }
    return new VerifiedKernels(rows);
  }

  /** The last run of these kernels, or null. */
  @Nullable Row of(String kernels) {
    return rows.reversed().stream()
        .filter(row -> row.kernels.equals(kernels))
        .findFirst()
        .orElse(null);
  }

  /**
   * What has run on a GPU, in one sentence.
   *
   * @param kernels of the library in question, or null where there is none
   */
  String sentence(@Nullable String kernels) {
    if (rows.isEmpty()) {
      return "no GPU has run its kernels yet; all their tests ran on an emulated device";
    }
    Row own = kernels == null ? null : of(kernels);
    if (own != null) {
      return own.gpu + " ran its kernels on " + own.date + ": " + own.suites;
    }
    Row last = rows.getLast();
    String other = last.gpu + " ran kernels " + last.kernels + " on " + last.date;
    return kernels == null
        ? other
        : "no GPU has run its kernels " + kernels + " yet, which an emulated device ran; " + other;
  }
}
