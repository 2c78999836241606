package dev.detr4j.train.check;

import dev.detr4j.train.data.Dataset;
import java.util.List;

/**
 * A set whose files were all read: true sizes, boxes in pixels within their pictures.
 *
 * @param dataset images that could be read
 * @param digests SHA-256 of each image file, in the order of the images
 */
public record ScannedSet(Dataset dataset, List<String> digests) {
  /** Copies the list. */
  public ScannedSet {
    digests = List.copyOf(digests);
  }
}
