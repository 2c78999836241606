package dev.detr4j.bench.peer;

import java.nio.file.Path;

/**
 * What peers need beside a model.
 *
 * @param python the Python that has torch and transformers
 * @param home the root of the repository, where the scripts are
 */
record PeerTools(String python, Path home) {}
