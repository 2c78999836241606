/** A detector as a Spring Boot bean. */
@NullMarked
package dev.detr4j.spring;

import org.jspecify.annotations.NullMarked;
