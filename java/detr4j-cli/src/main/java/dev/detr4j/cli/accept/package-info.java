/** Published weights against the values that their projects assert for them on one photo. */
@NullMarked
package dev.detr4j.cli.accept;

import org.jspecify.annotations.NullMarked;
