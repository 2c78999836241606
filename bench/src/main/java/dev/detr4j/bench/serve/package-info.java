/**
 * The server under load: beside the same sessions without HTTP, beside a peer, and under attack.
 */
@NullMarked
package dev.detr4j.bench.serve;

import org.jspecify.annotations.NullMarked;
