package dev.detr4j.serve;

import dev.detr4j.serve.fetch.UrlPolicy;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The settings of an endpoint; {@link DetectionEndpointBuilder} says what they mean. */
record EndpointSettings(
    int sessions,
    int queue,
    Duration timeout,
    long maxBodyBytes,
    Duration bodyTime,
    int maxImages,
    long bodyMemory,
    @Nullable String token,
    HostPolicy hosts,
    UrlPolicy urls) {}
