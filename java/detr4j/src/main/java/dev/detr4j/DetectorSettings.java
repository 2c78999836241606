package dev.detr4j;

import dev.detr4j.backend.Precision;
import dev.detr4j.op.SoftNms;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a {@link DetectorBuilder} hands its detector beside model and backend; each is explained
 * where the builder sets it.
 */
record DetectorSettings(
    String name,
    Precision precision,
    @Nullable SoftNms softNms,
    float threshold,
    int cachedSizes,
    long maxPixels,
    int sessions,
    int waitingCallers,
    long waitingNanoseconds,
    @Nullable Consumer<String> warnings) {}
