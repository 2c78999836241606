package dev.detr4j.model.names;

import java.util.List;

/**
 * What transformers calls the prediction heads of a family, where it has several names for one
 * tensor. Immutable and thread-safe.
 */
public interface HeadNames {
  /** Heads that have one name each, the canonical one. */
  HeadNames PLAIN =
      new HeadNames() {
        @Override
        public List<String> candidates(String canonicalName) {
          return List.of(canonicalName);
        }

        @Override
        public String published(String canonicalName) {
          return canonicalName;
        }

        @Override
        public boolean unused(String fileName) {
          return false;
        }
      };

  /** The names under which the file may hold a tensor outside the backbone, preferred first. */
  List<String> candidates(String canonicalName);

  /** The name that transformers writes. */
  String published(String canonicalName);

  /** Whether a tensor of the file is a head that only training looks at. */
  boolean unused(String fileName);
}
