/** The wire formats: what each accepts as a request and writes as an answer. */
@NullMarked
package dev.detr4j.serve.dialect;

import org.jspecify.annotations.NullMarked;
