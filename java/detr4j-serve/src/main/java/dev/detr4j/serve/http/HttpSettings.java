package dev.detr4j.serve.http;

import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * How the server listens.
 *
 * @param address where; port 0 for any free one
 * @param maxHeaderBytes of a request
 * @param maxConnections that are open at once; further ones wait until one is closed
 * @param idleTime after which a connection that sends no whole request head is closed
 * @param readTime after which a body that sends nothing is given up
 * @param stopTime that running requests have when the server stops
 */
public record HttpSettings(
    InetSocketAddress address,
    int maxHeaderBytes,
    int maxConnections,
    Duration idleTime,
    Duration readTime,
    Duration stopTime) {}
