/** Requests and answers, whatever server carries them, and the bounds on reading a body. */
@NullMarked
package dev.detr4j.serve.exchange;

import org.jspecify.annotations.NullMarked;
