/**
 * What the backends on the host's processors share: buffers, packed weights, kernels cut into
 * tiles.
 */
@NullMarked
package dev.detr4j.backend.host;

import org.jspecify.annotations.NullMarked;
