/** JSON from outside: read with bounds, looked up with a type, complained about by name. */
@NullMarked
package dev.detr4j.json;

import org.jspecify.annotations.NullMarked;
