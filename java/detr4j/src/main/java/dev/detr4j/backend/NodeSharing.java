package dev.detr4j.backend;

import dev.detr4j.op.OpSpec;

/**
 * Which nodes of a program a backend may run otherwise than one by one and in their order. The
 * planner places their values so that this changes no result; a backend looks at the places before
 * it does so.
 */
public interface NodeSharing {
  /** Each node runs alone and in its turn. */
  NodeSharing NONE =
      new NodeSharing() {
        @Override
        public boolean together(OpSpec op, OpSpec next) {
          return false;
        }

        @Override
        public int reach() {
          return 0;
        }

        @Override
        public boolean beside(OpSpec op, OpSpec later) {
          return false;
        }
      };

  /**
   * Whether a node and the next one, which reads its output, may run as one. What the first reads
   * is then kept until the next one has run.
   */
  boolean together(OpSpec op, OpSpec next);

  /** How many nodes ahead of its own place a node may run. */
  int reach();

  /**
   * Whether a node may run at once with a later one that waits for neither it nor what is between
   * them. What the later one writes is then kept apart from all that those touch.
   */
  boolean beside(OpSpec op, OpSpec later);
}
