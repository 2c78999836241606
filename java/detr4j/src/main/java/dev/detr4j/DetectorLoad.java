package dev.detr4j;

/**
 * What a detector is doing for the callers of {@link Detector#detect}, at one moment.
 *
 * @param sessions the most calls that run at once
 * @param running calls that run
 * @param waiting callers that wait for a session
 */
public record DetectorLoad(int sessions, int running, int waiting) {}
