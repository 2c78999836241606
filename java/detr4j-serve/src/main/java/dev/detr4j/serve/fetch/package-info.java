/** Images by URL, where the operator allows them. */
@NullMarked
package dev.detr4j.serve.fetch;

import org.jspecify.annotations.NullMarked;
