package dev.detr4j.session;

import dev.detr4j.backend.Queue;

/**
 * What the calls of one session have at hand.
 *
 * @param shared what it shares with the other sessions of its detector
 * @param queue what runs its calls
 * @param memory where its feature maps are
 */
public record SessionParts(SharedParts shared, Queue queue, SessionMemory memory) {
  /** The same with other memory. */
  SessionParts in(SessionMemory other) {
    return new SessionParts(shared, queue, other);
  }
}
