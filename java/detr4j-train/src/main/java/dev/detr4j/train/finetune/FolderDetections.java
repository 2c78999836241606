package dev.detr4j.train.finetune;

import dev.detr4j.Detections;
import dev.detr4j.Detector;
import dev.detr4j.DetectorBuilder;
import dev.detr4j.DetectorSession;
import dev.detr4j.backend.BackendKind;
import dev.detr4j.evaluation.ScoredBox;
import dev.detr4j.image.ImageDecoder;
import dev.detr4j.train.data.Dataset;
import dev.detr4j.train.data.TrainingImage;
import dev.detr4j.train.engine.SessionEngine;
import dev.detr4j.train.export.ModelCard;
import dev.detr4j.train.export.ModelExport;
import dev.detr4j.train.export.NamedWeight;
import dev.detr4j.train.run.ValidationSet;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Detects with weights as a user would: they are written as a model folder, and a detector opens
 * it. What is measured is then what is exported, with its pre- and post-processing.
 *
 * @param folder that is written for each call and removed after it
 * @param decoder that turns images as the model's detector would
 */
record FolderDetections(
    Path folder,
    ModelExport export,
    ModelCard card,
    ImageDecoder decoder,
    BackendKind backend,
    int threads,
    @Nullable String instructionSet)
    implements SessionEngine.Detections {
  @Override
  public List<ScoredBox> detect(List<NamedWeight> weights, Dataset dataset, IntConsumer progress) {
    export.write(folder, weights, card);
    DetectorBuilder builder =
        Detector.builder(folder).backend(backend).threads(threads).threshold(0).sessions(1);
    if (instructionSet != null) {
      builder.instructionSet(instructionSet);
    }
    try (Detector detector = builder.build();
        DetectorSession session = detector.newSession()) {
      Detections found = session.newDetections();
      List<ScoredBox> all = new ArrayList<>();
      for (int i = 0; i < dataset.images().size(); i++) {
        progress.accept(i);
        TrainingImage image = dataset.images().get(i);
        try (Arena arena = Arena.ofConfined()) {
          session.detect(decoder.decode(image.file(), arena), found);
        }
        for (int box = 0; box < found.size(); box++) {
          all.add(
              ValidationSet.found(
                  i,
                  found.labelId(box),
                  found.xMin(box),
                  found.yMin(box),
                  found.xMax(box) - found.xMin(box),
                  found.yMax(box) - found.yMin(box),
                  found.score(box)));
        }
      }
      progress.accept(dataset.images().size());
      return all;
    } finally {
      ModelExport.discard(folder);
    }
  }
}
