package dev.detr4j.cli.registry;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * One file of a published model.
 *
 * @param name its name in the model's folder
 * @param url where it is published; null for a file of the entry's hub repository
 * @param sha256 the digest in lower-case hex, or as many of its first digits as are known
 */
public record ModelFile(String name, @Nullable URI url, @Nullable String sha256) {}
