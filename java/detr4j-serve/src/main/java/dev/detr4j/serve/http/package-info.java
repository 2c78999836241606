/** The server. */
@NullMarked
package dev.detr4j.serve.http;

import org.jspecify.annotations.NullMarked;
